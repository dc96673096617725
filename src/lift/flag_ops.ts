import type { Lift } from "./lifter.ts";

export const flagOpsLifts: Record<string, Lift> = {};
