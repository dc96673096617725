import { describe, expect, it } from "vitest";
import { type Baseline, best, changes } from "../../bench/ratio_changes.ts";

const of = (warm: number, cold = 2): Baseline => ({ cpu: { fib: { aot: { warm, cold } } } });

describe("changes()", () => {
  it("names what is more than 15 % worse", () => {
    const { worse, better } = changes(of(2), of(2.31));
    expect(worse).toEqual([{ benchmark: "cpu", program: "fib", variant: "aot", figure: "warm", was: 2, is: 2.31 }]);
    expect(better).toEqual([]);
  });

  it("passes what is up to 15 % worse", () => {
    expect(changes(of(2), of(2.3))).toEqual({ worse: [], better: [] });
  });

  it("names what is better by as much", () => {
    expect(changes(of(2), of(1.7)).better).toHaveLength(1);
  });

  it("takes what could not be measured for worse", () => {
    expect(changes(of(2), of(NaN)).worse).toHaveLength(1);
  });

  it("passes over what the baseline does not know", () => {
    expect(changes({}, of(9))).toEqual({ worse: [], better: [] });
  });
});

describe("best()", () => {
  it("takes the lower ratio of each figure", () => {
    expect(best(of(2, 4), of(3, 3))).toEqual(of(2, 3));
  });

  it("never takes what could not be measured", () => {
    expect(best(of(NaN), of(3))).toEqual(of(3));
    expect(best(of(3), of(NaN))).toEqual(of(3));
  });

  it("keeps what only one has", () => {
    const size: Baseline = { size: { fib: { aot: { gzip: 2.5 } } } };
    expect(best(of(2), size)).toEqual({ ...of(2), ...size });
  });
});
