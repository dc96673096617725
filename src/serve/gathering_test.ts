import { expect, test } from "vitest";
import { setImmediate } from "node:timers";
import { Gathering } from "./gathering.ts";

/** The end of the turn. */
const turnEnd = () => new Promise((go) => setImmediate(go));

test("what comes in one turn is handed on together, at its end", async () => {
  const taken: (readonly number[])[] = [];
  const gathering = new Gathering<number>(setImmediate, (together) => taken.push(together));
  gathering.add(1);
  gathering.add(2);
  expect(taken).toEqual([]);
  await turnEnd();
  gathering.add(3);
  await turnEnd();
  expect(taken).toEqual([[1, 2], [3]]);
});

test("after some turns with one only, nobody waits for others; but they are noticed when they come", async () => {
  const taken: (readonly number[])[] = [];
  const gathering = new Gathering<number>(setImmediate, (together) => taken.push(together));
  let atOnce = 0;
  for (let i = 0; i < 40; i++) {
    const before = taken.length;
    gathering.add(i);
    atOnce += taken.length - before;
    await turnEnd();
  }
  expect(taken).toEqual(Array.from({ length: 40 }, (_, i) => [i]));
  expect(atOnce).toBeGreaterThan(30);
  let together = 0;
  for (let i = 0; i < 40; i++) {
    gathering.add(1);
    gathering.add(2);
    await turnEnd();
    together = taken.at(-1)!.length === 2 ? together + 1 : 0;
  }
  expect(together).toBeGreaterThan(5);
});
