/** What of the hints from runs a translation has already: most of them name code that was found without. */
import type { CodePointer } from "../discover/entries.ts";
import { functionExtents } from "../discover/entries.ts";
import { resumeRow, type ResumeTable } from "../machine/resume_table.ts";
import { inRanges } from "../discover/code_map.ts";
import { type FileHints, fileMemory } from "./file_memory.ts";
import type { FileTask } from "./file_task.ts";

/** The hints that are left. */
export interface HintsLeft {
  /** Where a region can go on: worth an entry. Ascending. */
  sideEntries: number[];
  /** Code that has no region: for another task. */
  profile: number[];
  pointers: CodePointer[];
  imports: string[];
}

/** `entries` and `resume` are those of a translation of the task's file. */
export function hintsLeft(
  task: FileTask,
  entries: readonly number[],
  resume: ResumeTable,
  hints: FileHints,
): HintsLeft {
  const known = new Set(entries);
  const memory = fileMemory(task.bytes, task.path, task.start, { profile: [], pointers: [], imports: [] });
  const isCode = (pc: number) => inRanges(memory.executable, pc, pc + 1);
  const sides = new Set<number>(), profile = new Set<number>(), pointers = new Map<number, CodePointer>();
  for (const pc of hints.profile) {
    if (known.has(pc) || !isCode(pc)) continue;
    if (resumeRow(resume, pc) >= 0) sides.add(pc);
    else profile.add(pc);
  }
  const starts = new Set(functionExtents(memory).filter((e) => !e.isPart).map((e) => e.start));
  for (const pointer of hints.pointers) {
    const { target, mayBeReturnAddress } = pointer;
    if (known.has(target)) continue;
    if (mayBeReturnAddress && resumeRow(resume, target) >= 0) sides.add(target);
    else if (starts.has(target) && isCode(target)) pointers.set(target, pointer);
  }
  const imports = new Set(hints.imports), missing = new Set<string>();
  for (const { name, start } of memory.elfs[0].functions) {
    if (imports.has(name) && !known.has(start) && isCode(start)) missing.add(name);
  }
  return {
    sideEntries: ascending(sides),
    profile: ascending(profile),
    pointers: [...pointers.values()].sort((a, b) => a.target - b.target),
    imports: [...missing].sort(),
  };
}

/** Addresses as tasks have them. */
export function ascending(pcs: Iterable<number>): number[] {
  return [...pcs].sort((a, b) => a - b);
}
