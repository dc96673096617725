import type { Lift } from "./lifter.ts";

export const systemLifts: Record<string, Lift> = {};
