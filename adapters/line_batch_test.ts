import { expect, test } from "vitest";
import { lineBatch } from "./line_batch.ts";

/** `turn` ends the host's turn, `wait` lets time pass. */
function stage() {
  const written: string[] = [], soon: (() => void)[] = [], later: { at: number; callback: () => void }[] = [];
  let now = 1000;
  const batch = lineBatch({
    write: (text) => void written.push(text),
    soon: (callback) => void soon.push(callback),
    after: (ms, callback) => void later.push({ at: now + ms, callback }),
    now: () => now,
  });
  const turn = () => soon.splice(0).forEach((callback) => callback());
  const wait = (ms: number) => {
    now += ms;
    for (const { callback } of later.filter(({ at }) => at <= now)) callback();
    later.splice(0, later.length, ...later.filter(({ at }) => at > now));
  };
  return { written, soon, later, batch, turn, wait };
}

test("the lines of a turn are written together, in their order, empty ones too", () => {
  const { written, soon, batch, turn, wait } = stage();
  for (const line of ["one", "", "two"]) batch.add(line);
  expect([written, soon.length]).toEqual([[], 1]);
  turn();
  expect(written).toEqual(["one\n\ntwo"]);
  wait(10);
  batch.add("three");
  turn();
  expect(written).toEqual(["one\n\ntwo", "three"]);
});

test("lines of turns that follow closely are written together, soon after", () => {
  const { written, later, batch, turn, wait } = stage();
  batch.add("one");
  turn();
  for (const line of ["two", "three", "four"]) {
    wait(1);
    batch.add(line);
    turn();
  }
  expect([written, later.length]).toEqual([["one"], 1]);
  wait(7);
  expect(written).toEqual(["one", "two\nthree\nfour"]);
});

test("many lines are not all kept", () => {
  const { written, batch, turn, wait } = stage();
  for (let i = 0; i < 1000; i++) batch.add("x".repeat(99));
  expect(written.length).toBeGreaterThan(1);
  turn();
  wait(100);
  expect(written.join("\n").split("\n").length).toBe(1000);
});

test("what is left is written when asked for, and nothing twice", () => {
  const { written, batch, turn, wait } = stage();
  batch.add("last");
  batch.flush();
  turn();
  wait(100);
  batch.flush();
  expect(written).toEqual(["last"]);
});
