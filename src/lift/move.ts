import type { Lift } from "./lifter.ts";

export const moveLifts: Record<string, Lift> = {};
