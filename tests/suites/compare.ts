/** Two sessions of the same test program, side by side. */
import type { SessionResults, TestResult } from "./session.ts";

/** A test that passes natively and not otherwise. */
export interface Difference {
  test: string;
  /** Missing if the session ended before it. */
  outcome: TestResult["outcome"] | "missing";
  detail: string;
}

/** A row of the table. */
export interface Comparison {
  program: string;
  /** Tests that pass on this machine as it is: what is compared. */
  native: number;
  passed: number;
  differences: Difference[];
  /** Tests that do not pass natively, or only skip: not compared. */
  leftOut: number;
}

/** Compares by test what passes natively. */
export function compare(program: string, native: SessionResults, ours: SessionResults): Comparison {
  const row: Comparison = { program, native: 0, passed: 0, differences: [], leftOut: 0 };
  for (const [test, { outcome }] of native) {
    if (outcome !== "pass") {
      row.leftOut++;
      continue;
    }
    row.native++;
    const mine = ours.get(test);
    if (mine?.outcome === "pass") row.passed++;
    else row.differences.push({ test, outcome: mine?.outcome ?? "missing", detail: mine?.detail ?? "" });
  }
  // What fails outside of any test is nobody's difference: it is shown by itself.
  const own = ours.get("");
  if (own !== undefined) row.differences.push({ test: "(outside of tests)", ...own });
  return row;
}
