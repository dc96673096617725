import type { Lift } from "./lifter.ts";

export const arithLifts: Record<string, Lift> = {};
