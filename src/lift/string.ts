import type { Lift } from "./lifter.ts";

export const stringLifts: Record<string, Lift> = {};
