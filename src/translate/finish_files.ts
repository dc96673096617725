/**
 * The modules of an app, file by file: the translations that were begun when the guest had booted, with entries for where it was seen
 * to go on; made anew only where the runs told of code that has not been found without them. Of a file that was run there are two, if
 * it is large: what was run, and the rest.
 */
import { FIRST_SLOT } from "../machine/code_cache.ts";
import type { CpuLevel } from "../machine/cpu_level.ts";
import { decodeResume } from "../machine/resume_table.ts";
import type { Tree } from "../rootfs/tree.ts";
import type { AheadCode } from "./ahead_code.ts";
import type { CodeFile } from "./code_files.ts";
import { exportedNames } from "../discover/elf_facts.ts";
import { divide } from "./divided.ts";
import type { FileTask, FileTranslator, Ticket } from "./file_task.ts";
import { type HintsLeft, hintsLeft } from "./known_code.ts";
import { placeTranslation } from "./placed.ts";
import type { Translation } from "./translate.ts";

export interface FinishOptions {
  tree: Tree;
  translator: FileTranslator;
  ahead: AheadCode;
  level: CpuLevel;
}

export interface FinishedFile {
  file: CodeFile;
  translation: Translation;
  /** Guests that had booted ran it. */
  isRun: boolean;
  /** What the runs told of that the first translation had not found; null if that was all there is. */
  added: HintsLeft | null;
}

interface Work {
  file: CodeFile;
  task: FileTask;
  ticket: Ticket;
  /** Its first translation was begun while guests ran. */
  isEarly: boolean;
  added: HintsLeft | null;
  /** What is left for its translation, once that is known. */
  left: HintsLeft | null;
}

/** In the order of the files, without those that have no code; slots follow each other. */
export function finishFiles(files: readonly CodeFile[], options: FinishOptions): FinishedFile[] {
  const works = files.map((file) => begin(file, options));
  // What guests ran on is there already: if it is made anew, then beside those that are made now, for which it does not wait.
  const [early, late] = [true, false].map((isEarly) => [...works.keys()].filter((i) => works[i].isEarly === isEarly));
  for (const i of [...early, ...late]) works[i] = again(works[i], options.translator);
  const finished: FinishedFile[] = [];
  let firstSlot = FIRST_SLOT;
  for (let i = 0; i < works.length; i++) {
    const { file, task, ticket, added, left } = works[i];
    // What is placed is a copy: the tickets hold as much code again.
    delete works[i];
    const made = ticket.wait();
    const { sideEntries } = left ?? hintsLeft(task, made.entries, decodeResume(made.resume), file.hints);
    const placed = placeTranslation(made, { name: nameOf(finished.length), firstSlot, sideEntries });
    if (placed.entries.length === 0) continue;
    const run = options.ahead.runOf(file.file, file.start), names = [0, 1].map((n) => nameOf(finished.length + n));
    // What is not run at all is not divided, wherever else its code may have been compiled and run.
    const isRun = run?.length !== 0;
    const parts = (isRun && run && divide(placed, [...run, ...file.entered], names)) || [placed];
    parts.forEach((translation, n) => finished.push({ file, translation, isRun: isRun && n === 0, added }));
    firstSlot += placed.entries.length;
  }
  return finished;
}

function nameOf(n: number): string {
  return `code${n}`;
}

/** A file that no guest waited for has all that is known of it in its first task. */
function begin(file: CodeFile, { tree, translator, ahead, level }: FinishOptions): Work {
  const begun = ahead.begun(file.file, file.start);
  if (begun !== undefined) {
    return { file, task: begun.task, ticket: begun.ticket!, isEarly: true, added: null, left: null };
  }
  const bytes = tree.read(file.file), { profile, pointers, imports } = file.hints, wanted = new Set(imports);
  const task: FileTask = {
    bytes,
    path: file.path,
    start: file.start,
    level,
    profile: [...profile],
    pointers: [...pointers].sort((a, b) => a.target - b.target),
    imports: exportedNames(bytes).filter((name) => wanted.has(name)).sort(),
  };
  return { file, task, ticket: translator.begin(task), isEarly: false, added: null, left: null };
}

function again(work: Work, translator: FileTranslator): Work {
  const { file, task, ticket } = work, first = ticket.wait();
  const left = hintsLeft(task, first.entries, decodeResume(first.resume), file.hints);
  const { profile, pointers, imports } = left;
  if (profile.length + pointers.length + imports.length === 0) return { ...work, left };
  const more: FileTask = { ...task, profile, pointers, imports: [...new Set([...task.imports, ...imports])].sort() };
  return { ...work, task: more, ticket: translator.begin(more), added: left };
}
