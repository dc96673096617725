import type { Lift } from "./lifter.ts";

export const x87Lifts: Record<string, Lift> = {};
