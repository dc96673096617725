/** For tests: fixtures as tasks, and translations as something that is quick to compare. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseHeader } from "../elf/header.ts";
import { parseSegments, PF_X, PT_LOAD } from "../elf/segments.ts";
import { pageDown } from "../kernel/abi/mman.ts";
import type { FileTask } from "./file_task.ts";
import type { Translation } from "./translate.ts";

/** A program of fixtures/c. */
export function fixtureTask(name: string): FileTask {
  const bytes = new Uint8Array(readFileSync(fileURLToPath(new URL(`../../fixtures/c/${name}`, import.meta.url))));
  const header = parseHeader(bytes);
  const table = bytes.subarray(header.phoff, header.phoff + header.phnum * header.phentsize);
  const code = parseSegments(table, header, bytes.length).find((s) => s.type === PT_LOAD && s.flags & PF_X)!;
  const start = pageDown(code.vaddr);
  return { bytes, path: name, start, level: "x86-64-v2", profile: [], pointers: [], imports: [] };
}

/** All of a translation but its times, long arrays by their hash. */
export function digest({ wasm, traps, resume, frames, entries, stats, ...rest }: Translation): unknown {
  const { milliseconds: _, ...counts } = stats;
  const arrays = [wasm, traps, resume, new Uint8Array(frames.buffer), new Uint8Array(Uint32Array.from(entries).buffer)];
  return { ...rest, ...counts, hashes: arrays.map((bytes) => createHash("sha256").update(bytes).digest("hex")) };
}
