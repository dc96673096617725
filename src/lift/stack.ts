import type { Lift } from "./lifter.ts";

export const stackLifts: Record<string, Lift> = {};
