import type { Lift } from "./lifter.ts";

export const sseIntLifts: Record<string, Lift> = {};
