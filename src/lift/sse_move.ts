import type { Lift } from "./lifter.ts";

export const sseMoveLifts: Record<string, Lift> = {};
