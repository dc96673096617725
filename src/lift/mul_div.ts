import type { Lift } from "./lifter.ts";

export const mulDivLifts: Record<string, Lift> = {};
