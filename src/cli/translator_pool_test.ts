import { afterAll, describe, expect, it } from "vitest";
import { digest, fixtureTask } from "../translate/_fixture_task.ts";
import { FunctionSource } from "../translate/function_source.ts";
import { translateFile } from "../translate/file_task.ts";
import { TranslatorPool } from "./translator_pool.ts";

const task = fixtureTask("net/unix_paths.elf"), expected = digest(translateFile(task));

describe.each([true, false])("TranslatorPool, where the caller works, too: %s", (callerWorks) => {
  const pool = new TranslatorPool(2, undefined, undefined, callerWorks);
  afterAll(() => pool.close());

  it("gives what the own thread would, in any order, and errors as they were", () => {
    const tickets = [1, 2, 3, 4, 5].map((n) => pool.begin(task, n > 2));
    const wrong = pool.begin({ ...task, start: task.start + 4096 });
    for (const ticket of tickets.toReversed()) expect(digest(ticket.wait())).toEqual(expected);
    expect(() => wrong.wait()).toThrow(`${task.path}: code is not for 0x${(task.start + 4096).toString(16)}`);
    expect(digest(tickets[0].wait())).toEqual(expected);
  });

  it("goes on from what has been done", () => {
    const source = new FunctionSource(task), { entries } = translateFile(task);
    for (const pc of entries.slice(0, 50)) {
      source.patchAt(pc, source.memory.u8, {
        slotOf: (pc) => pc,
        hasSlot: () => false,
      });
    }
    const begun = source.begunFor(task);
    expect(begun.made.length).toBeGreaterThan(10);
    expect(digest(pool.begin(task, true, begun).wait())).toEqual(expected);
  });
});

describe("a file that several threads share", () => {
  const large = fixtureTask("threads/pthreads.elf"), expectedOfLarge = digest(translateFile(large));

  it("is the same", async () => {
    const pool = new TranslatorPool(3, 0, () => false, false);
    try {
      // What is not urgent is made all the same.
      const tickets = [large, task].map((t) => pool.begin(t, t === large));
      expect(tickets.map((ticket) => digest(ticket.wait()))).toEqual([expectedOfLarge, expected]);
    } finally {
      await pool.close();
    }
  });
});
