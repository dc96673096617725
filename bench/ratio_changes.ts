/** Ratios of two measurements, compared. */

/** Benchmark → program → variant → figure → ratio; lower is better. */
export type Baseline = Record<string, Record<string, Record<string, Record<string, number>>>>;

/** A ratio that is not what it was. */
export interface Change {
  benchmark: string;
  program: string;
  variant: string;
  figure: string;
  was: number;
  is: number;
}

/** Worse by more than this fails. */
export const TOLERANCE = 0.15;

/** Ratios that changed by more than the tolerance. What is not in both is passed over: it has no history. */
export function changes(baseline: Baseline, measured: Baseline): { worse: Change[]; better: Change[] } {
  const worse: Change[] = [], better: Change[] = [];
  for (const [benchmark, programs] of Object.entries(measured)) {
    for (const [program, variants] of Object.entries(programs)) {
      for (const [variant, figures] of Object.entries(variants)) {
        for (const [figure, is] of Object.entries(figures)) {
          const was = baseline[benchmark]?.[program]?.[variant]?.[figure];
          if (was === undefined) continue;
          const change: Change = { benchmark, program, variant, figure, was, is };
          if (!(is <= was * (1 + TOLERANCE))) worse.push(change);
          else if (is < was / (1 + TOLERANCE)) better.push(change);
        }
      }
    }
  }
  return { worse, better };
}

/** The better of two measurements, figure by figure; what only one has is taken from it. */
export function best(a: Baseline, b: Baseline): Baseline {
  const merged = structuredClone(a);
  for (const [benchmark, programs] of Object.entries(b)) {
    for (const [program, variants] of Object.entries(programs)) {
      for (const [variant, figures] of Object.entries(variants)) {
        const row = (merged[benchmark] ??= {})[program] ??= {};
        for (const [figure, is] of Object.entries(figures)) {
          const known = row[variant]?.[figure];
          // What could not be measured (NaN) is never the better one.
          (row[variant] ??= {})[figure] = known === undefined || !(known <= is) && !Number.isNaN(is) ? is : known;
        }
      }
    }
  }
  return merged;
}
