/** What the engines compute otherwise than a CPU, knowingly. The list may only shrink: a gap without a failing case fails. */
import type { GoldenForm } from "../support/cpu_golden.ts";

/** Forms whose failures are known. */
export interface CpuGap {
  /** Name of the engine. */
  engine: string;
  name: RegExp;
  /** Matched against the form's `given` line. */
  given: RegExp;
  reason: string;
}

export const CPU_GAPS: readonly CpuGap[] = [];

/** The gap of an engine that covers a form, if any. */
export function gapOf(engine: string, form: GoldenForm): CpuGap | undefined {
  return CPU_GAPS.find((gap) => gap.engine === engine && gap.name.test(form.name) && gap.given.test(form.given));
}
