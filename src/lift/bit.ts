import type { Lift } from "./lifter.ts";

export const bitLifts: Record<string, Lift> = {};
