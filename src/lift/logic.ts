import type { Lift } from "./lifter.ts";

export const logicLifts: Record<string, Lift> = {};
