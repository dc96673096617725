import type { Lift } from "./lifter.ts";

export const sse4Lifts: Record<string, Lift> = {};
