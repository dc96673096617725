import type { Lift } from "./lifter.ts";

export const sseConvertLifts: Record<string, Lift> = {};
