import { expect, test } from "vitest";
import { lineBatch } from "./line_batch.ts";

function stage() {
  const written: string[] = [], due: (() => void)[] = [];
  const batch = lineBatch((text) => written.push(text), (callback) => due.push(callback));
  return { written, due, batch };
}

test("the lines of a turn are written together, in their order, empty ones too", () => {
  const { written, due, batch } = stage();
  for (const line of ["one", "", "two"]) batch.add(line);
  expect([written, due.length]).toEqual([[], 1]);
  due.shift()!();
  expect(written).toEqual(["one\n\ntwo"]);
  batch.add("three");
  expect(due.length).toBe(1);
  due.shift()!();
  expect(written).toEqual(["one\n\ntwo", "three"]);
});

test("a turn with many lines does not keep them all", () => {
  const { written, due, batch } = stage();
  for (let i = 0; i < 1000; i++) batch.add("x".repeat(99));
  expect(written.length).toBeGreaterThan(1);
  due.forEach((flush) => flush());
  expect(written.join("\n").split("\n").length).toBe(1000);
});

test("what is left is written when asked for, and nothing twice", () => {
  const { written, due, batch } = stage();
  batch.add("last");
  batch.flush();
  due[0]();
  batch.flush();
  expect(written).toEqual(["last"]);
});
