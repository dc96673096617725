import type { Lift } from "./lifter.ts";

export const sseFloatLifts: Record<string, Lift> = {};
