import type { Lift } from "./lifter.ts";

export const atomicLifts: Record<string, Lift> = {};
