/**
 * Translates the files that a guest maps while it runs, so that it runs compiled code soon and the translations are there in the
 * end. A file's code is waited for when it is first needed: how far the translation has come then makes no difference to what
 * the guest does, nor to what is noted of its run, on any number of threads.
 */
import { exportedNames, importedNames } from "../discover/elf_facts.ts";
import { parseDynamic } from "../elf/dynamic.ts";
import { ET_EXEC, parseHeader } from "../elf/header.ts";
import { parseSegments, PT_INTERP } from "../elf/segments.ts";
import { TranslatorError } from "../errors.ts";
import type { CodeLibrary, FileCode, FindFileCode, LaterCode } from "../machine/code_cache.ts";
import type { CpuLevel } from "../machine/cpu_level.ts";
import { lazyResume } from "../machine/resume_table.ts";
import { lazyTraps } from "../machine/trap_codec.ts";
import type { InodeNumber, Tree } from "../rootfs/tree.ts";
import type { FileTask, FileTranslator, Ticket } from "./file_task.ts";
import { type HintsLeft, hintsLeft } from "./known_code.ts";
import { placeTranslation } from "./placed.ts";

/** Executable bytes of the largest file that a guest waits for; larger ones are compiled as they are reached. */
const MAX_CODE_BYTES = 16 << 20;

/**
 * Libraries are used very little by servers that start: libcrypto a hundredth, the C library a sixth, others less than a twentieth
 * or nearly all. A sixteenth is compiled as it is reached before the guest waits for the rest. (It is counted, not timed: a boot is
 * always the same.)
 */
const PATIENCE = 1 / 16;

/** Whoever has this is the C library, which everything uses. */
const C_LIBRARY = "__libc_start_main";

/** Where so few names can be looked up, all of them are compiled, whoever looks for them. */
const FEW_EXPORTS = 64;

/**
 * What glibc's dynamic linker looks up in libc by name, importing nothing (elf/dl-call-libc-early-init.c), and what it is given
 * pointers to.
 */
const LOOKED_UP_BY_LINKER = ["__libc_early_init", "_dl_catch_error"];

/** A file for one place. */
export interface AheadFile {
  task: FileTask;
  /** Set once the translation is on its way. */
  ticket: Ticket | null;
  /** What the task has more than the one that guests run on. */
  added: HintsLeft | null;
}

interface Mapped extends AheadFile {
  /** Bytes of its code that are compiled as they are reached before a booting guest waits for the rest. */
  patience: number;
  file: InodeNumber;
  isLibrary: boolean;
  end: number;
  exports: string[];
  code: FileCode | null | undefined;
}

export class AheadCode {
  readonly #tree: Tree;
  readonly #translator: FileTranslator;
  readonly #level: CpuLevel;
  readonly #now: () => number;
  readonly #files = new Map<string, Mapped | null>();
  /** Names that files mapped so far look up in others. */
  readonly #lookedUp = new Set<string>(LOOKED_UP_BY_LINKER);
  /** What `now` showed more while the guest waited for code. */
  waited = 0;

  /** `now` measures what is waited for. */
  constructor(tree: Tree, translator: FileTranslator, level: CpuLevel, now: () => number) {
    this.#tree = tree;
    this.#translator = translator;
    this.#level = level;
    this.#now = now;
  }

  /**
   * For the code library of a guest. Guests come one after the other; a later one's library has the slots of those before.
   * `isPatient`: the guest does not wait for large libraries before it has used some part of their code.
   */
  finder(library: () => CodeLibrary, isPatient = false): FindFileCode {
    return (file, start, end) => {
      const mapped = this.#mapped(file, start, end);
      if (mapped === null || mapped.code === null) return undefined;
      return mapped.code ?? this.#later(mapped, library, isPatient);
    };
  }

  #later(mapped: Mapped, library: () => CodeLibrary, isPatient: boolean): LaterCode {
    return {
      isWorthWaiting: () => {
        this.#beginHeld();
        return !isPatient || mapped.patience <= 0;
      },
      compiled: (bytes) => {
        mapped.patience -= bytes;
      },
      wait: () => this.#wait(mapped, library()),
    };
  }

  /**
   * Between guests: files that were mapped late may look up what libraries, whose code was there already, do not have. Those are
   * made again, while others still are; guests go on with what they have.
   */
  catchUp(): void {
    for (const mapped of this.#files.values()) {
      if (!mapped?.code || !mapped.isLibrary || mapped.added !== null) continue;
      const { task, code: { entries, resume } } = mapped, known = new Set(task.imports);
      const imports = mapped.exports.filter((name) => this.#lookedUp.has(name) && !known.has(name));
      if (imports.length === 0) continue;
      const left = hintsLeft(task, Array.from(entries), resume, { profile: [], pointers: [], imports });
      if (left.imports.length === 0) continue;
      mapped.added = left;
      mapped.task = { ...task, imports: [...task.imports, ...left.imports].sort() };
      mapped.ticket = this.#translator.begin(mapped.task);
    }
  }

  /** The file as guests had it mapped there, on its way; undefined if none had, or it is too large. */
  begun(file: InodeNumber, start: number): AheadFile | undefined {
    const mapped = this.#files.get(keyOf(file, start)) ?? undefined;
    if (mapped !== undefined) this.#beginHeld();
    return mapped;
  }

  #mapped(file: InodeNumber, start: number, end: number): Mapped | null {
    const key = keyOf(file, start);
    let mapped = this.#files.get(key);
    if (mapped === undefined) this.#files.set(key, mapped = this.#look(file, start, end));
    return mapped;
  }

  #look(file: InodeNumber, start: number, end: number): Mapped | null {
    if (end - start > MAX_CODE_BYTES) return null;
    const bytes = this.#tree.read(file), path = `inode ${file}`;
    try {
      for (const name of importedNames(bytes)) this.#lookedUp.add(name);
      const exports = exportedNames(bytes).sort();
      const task: FileTask = { bytes, path, start, level: this.#level, profile: [], pointers: [], imports: exports };
      const isLibrary = exports.length > FEW_EXPORTS && !isProgram(bytes);
      const patience = isLibrary && !exports.includes(C_LIBRARY) ? (end - start) * PATIENCE : 0;
      const mapped: Mapped = {
        task,
        ticket: null,
        added: null,
        patience,
        file,
        isLibrary,
        end,
        exports,
        code: undefined,
      };
      // Who will look up which functions of a library is known when all files around it are mapped; extensions of a program may
      // be loaded at any time.
      if (!isLibrary) mapped.ticket = this.#translator.begin(task);
      return mapped;
    } catch (e) {
      return giveUp(e);
    }
  }

  #beginHeld(): void {
    const held = [...this.#files.values()].filter((mapped) => mapped !== null && mapped.ticket === null) as Mapped[];
    // The longest first: the others fill the threads beside it.
    held.sort((a, b) => b.end - b.task.start - (a.end - a.task.start));
    for (const mapped of held) {
      mapped.task.imports = mapped.exports.filter((name) => this.#lookedUp.has(name));
      mapped.ticket = this.#translator.begin(mapped.task, mapped.patience <= 0);
    }
  }

  #wait(mapped: Mapped, library: CodeLibrary): FileCode | undefined {
    if (mapped.code !== undefined) return mapped.code ?? undefined;
    this.#beginHeld();
    const since = this.#now();
    try {
      const translation = mapped.ticket!.wait();
      const { file, end, task: { start } } = mapped, { length } = translation.entries;
      const placed = placeTranslation(translation, {
        name: `ahead.${file}.${start.toString(16)}`,
        firstSlot: library.reserveSlots(length),
      });
      const module = new WebAssembly.Module(placed.wasm);
      const { name, entries, firstSlot } = placed;
      const about = { name, module, entries, firstSlot, resume: lazyResume(placed.resume), file, start, end };
      mapped.code = Object.assign(lazyTraps(() => placed.traps), about);
    } catch (e) {
      mapped.code = giveUp(e);
    }
    this.waited += this.#now() - since;
    return mapped.code ?? undefined;
  }
}

function keyOf(file: InodeNumber, start: number): string {
  return `${file} ${start}`;
}

function isProgram(bytes: Uint8Array): boolean {
  const header = parseHeader(bytes);
  if (header.type === ET_EXEC) return true;
  const table = bytes.subarray(header.phoff, header.phoff + header.phnum * header.phentsize);
  const hasInterpreter = parseSegments(table, header, bytes.length).some((s) => s.type === PT_INTERP);
  // glibc's libc.so.6 can be run, too.
  return hasInterpreter && (parseDynamic(bytes, header)?.soname ?? "") === "";
}

/** What the translator cannot read the guest may run all the same: it is compiled as it is reached. */
function giveUp(e: unknown): null {
  if (e instanceof TranslatorError && e.kind !== "bug") return null;
  throw e;
}
