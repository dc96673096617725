import { readFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { fileURLToPath } from "node:url";
import { parseHeader } from "../elf/header.ts";
import { parseSegments, PF_X, PT_LOAD } from "../elf/segments.ts";
import { pageDown } from "../kernel/abi/mman.ts";
import { type FileTask, translateFile } from "../translate/file_task.ts";
import { TranslatorPool } from "./translator_pool.ts";

const bytes = new Uint8Array(
  readFileSync(fileURLToPath(new URL("../../fixtures/c/net/unix_paths.elf", import.meta.url))),
);
const header = parseHeader(bytes);
const table = bytes.subarray(header.phoff, header.phoff + header.phnum * header.phentsize);
const code = parseSegments(table, header, bytes.length).find((s) => s.type === PT_LOAD && s.flags & PF_X)!;
const task: FileTask = {
  bytes,
  path: "hello",
  start: pageDown(code.vaddr),
  level: "x86-64-v2",
  profile: [],
  pointers: [],
  imports: [],
};

describe("TranslatorPool", () => {
  const pool = new TranslatorPool(2);
  afterAll(() => pool.close());

  it("gives what the own thread would, in any order, and errors as they were", () => {
    const { stats: _stats, ...expected } = translateFile(task);
    const tickets = [1, 2, 3, 4, 5].map(() => pool.begin(task));
    const wrong = pool.begin({ ...task, start: task.start + 4096 });
    for (const ticket of tickets.toReversed()) {
      const { stats, ...got } = ticket.wait();
      expect(got).toEqual(expected);
      expect(stats.regions).toBe(expected.entries.length);
    }
    expect(() => wrong.wait()).toThrow(`hello: code is not for 0x${(task.start + 4096).toString(16)}`);
    expect(tickets[0].wait().entries).toEqual(expected.entries);
  });
});
