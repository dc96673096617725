import type { Lift } from "./lifter.ts";

export const shiftLifts: Record<string, Lift> = {};
