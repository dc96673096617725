import { expect, test } from "vitest";
import { lineBatch } from "./line_batch.ts";

const lineOf = (text: string) => new TextEncoder().encode(`${text}\n`);

/** `turn` ends the host's turn, `wait` lets time pass. */
function stage() {
  const written: string[] = [], soon: (() => void)[] = [], later: { at: number; callback: () => void }[] = [];
  let now = 1000;
  const batch = lineBatch({
    write: (lines) => void written.push(new TextDecoder().decode(lines)),
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
  for (const line of ["one", "", "two"]) batch.add(lineOf(line));
  expect([written, soon.length]).toEqual([[], 1]);
  turn();
  expect(written).toEqual(["one\n\ntwo\n"]);
  wait(10);
  batch.addText("three");
  turn();
  expect(written).toEqual(["one\n\ntwo\n", "three\n"]);
});

test("lines of turns that follow closely are written together, soon after", () => {
  const { written, later, batch, turn, wait } = stage();
  batch.add(lineOf("one"));
  turn();
  for (const line of ["two", "three", "four"]) {
    wait(1);
    batch.add(lineOf(line));
    turn();
  }
  expect([written, later.length]).toEqual([["one\n"], 1]);
  wait(7);
  expect(written).toEqual(["one\n", "two\nthree\nfour\n"]);
});

test("many lines are not all kept", () => {
  const { written, batch, turn, wait } = stage();
  for (let i = 0; i < 1000; i++) batch.add(lineOf("x".repeat(99)));
  expect(written.length).toBeGreaterThan(1);
  turn();
  wait(100);
  expect(written.join("")).toBe(`${"x".repeat(99)}\n`.repeat(1000));
});

test("what is left is written when asked for, and nothing twice", () => {
  const { written, batch, turn, wait } = stage();
  batch.add(lineOf("last"));
  batch.flush();
  turn();
  wait(100);
  batch.flush();
  expect(written).toEqual(["last\n"]);
});

test("what was added may change afterwards, and what was written does not", () => {
  const kept: Uint8Array[] = [],
    batch = lineBatch({
      write: (lines) => void kept.push(lines),
      soon: () => {},
      after: () => {},
      now: () => 0,
    });
  const line = lineOf("one");
  batch.add(line);
  line.fill(0x20);
  batch.flush();
  batch.add(lineOf("two"));
  batch.flush();
  // More than is ever kept, with something before it.
  batch.addText("three");
  batch.add(lineOf("x".repeat(100_000)));
  batch.flush();
  expect(kept.map((lines) => new TextDecoder().decode(lines))).toEqual([
    "one\n",
    "two\n",
    "three\n",
    `${"x".repeat(100_000)}\n`,
  ]);
});
