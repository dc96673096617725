/**
 * The code of files that guests map while they run, and the translations of these files. A guest that boots gets the functions that
 * it asks for by themselves, as it has need of few; then all its files are translated, and later guests wait for a file's code when
 * they first need it. How far a translation has come makes no difference to what a guest does, nor to what is noted of its run,
 * on any number of threads.
 */
import { exportedNames, importedNames } from "../discover/elf_facts.ts";
import { parseDynamic } from "../elf/dynamic.ts";
import { ET_EXEC, parseHeader } from "../elf/header.ts";
import { parseSegments, PT_INTERP } from "../elf/segments.ts";
import { TranslatorError } from "../errors.ts";
import type { CodeLibrary, FileCode, FindFileCode, LaterCode, PatchModule, Slots } from "../machine/code_cache.ts";
import type { CpuLevel } from "../machine/cpu_level.ts";
import { lazyResume } from "../machine/resume_table.ts";
import { lazyTraps } from "../machine/trap_codec.ts";
import type { InodeNumber, Tree } from "../rootfs/tree.ts";
import type { FileTask, FileTranslator, KeptTranslation, Ticket } from "./file_task.ts";
import { covered, entriesRun } from "./divided.ts";
import { FunctionSource } from "./function_source.ts";
import { placeTranslation } from "./placed.ts";

/** Executable bytes of the largest file that a guest waits for; larger ones are compiled as they are reached. */
const MAX_CODE_BYTES = 16 << 20;

/** A guest that has not begun to listen by then has its files translated while it goes on. */
const PATIENCE_MS = 10_000;

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
}

interface Mapped extends AheadFile {
  /** What its task asks for is not known yet. */
  isHeld: boolean;
  /** What guests run on, if it is there from another time. */
  kept: KeptTranslation | undefined;
  /** The task as it was when a guest first had need of the file. */
  first: FileTask;
  /** Gives functions by themselves; null if the file cannot be read. */
  source: FunctionSource | null | undefined;
  file: InodeNumber;
  isLibrary: boolean;
  end: number;
  exports: string[];
  code: FileCode | null | undefined;
  /** A guest that had booted has run code of it. */
  isRun: boolean;
}

export class AheadCode {
  readonly #tree: Tree;
  readonly #translator: FileTranslator;
  readonly #level: CpuLevel;
  readonly #now: () => number;
  readonly #files = new Map<string, Mapped | null>();
  /** Names that files mapped so far look up in others. */
  readonly #lookedUp = new Set<string>(LOOKED_UP_BY_LINKER);
  #isBooting = false;
  /** When a guest first asked for a function. */
  #since: number | undefined;
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
   * `isBooting`: the guest asks for functions by themselves, and waits for no file. What another runs is noted (runOf).
   */
  finder(library: () => CodeLibrary, isBooting = false): FindFileCode {
    this.#isBooting = isBooting;
    // What has been noted until now a guest that boots has run.
    for (const mapped of this.#files.values()) if (mapped?.code?.covered !== undefined) clear(mapped.code.covered);
    return (file, start, end) => {
      const mapped = this.#mapped(file, start, end);
      if (mapped === null || mapped.code === null) return undefined;
      const isThere = isBooting && mapped.code !== undefined;
      return isThere ? { code: mapped.code } : { later: this.#later(mapped, library, isBooting) };
    };
  }

  #later(mapped: Mapped, library: () => CodeLibrary, isBooting: boolean): LaterCode {
    return {
      get code() {
        return mapped.isRun ? mapped.code ?? undefined : undefined;
      },
      isWorthWaiting: () => {
        this.#settleHeld();
        return !isBooting || mapped.kept !== undefined;
      },
      functionAt: (pc, u8, slots) => isBooting ? this.#functionAt(mapped, pc, u8, slots) : null,
      wait: () => {
        mapped.isRun ||= !isBooting;
        return this.#wait(mapped, library());
      },
    };
  }

  #functionAt(mapped: Mapped, pc: number, u8: Uint8Array, slots: Slots): PatchModule | null {
    this.#settleHeld();
    const since = this.#now();
    this.#since ??= since;
    const patch = this.#sourceOf(mapped)?.patchAt(pc, u8, slots) ?? null;
    const now = this.#now();
    this.waited += now - since;
    if (now - this.#since > PATIENCE_MS) this.#beginAll();
    return patch;
  }

  #sourceOf(mapped: Mapped): FunctionSource | null {
    if (mapped.source !== undefined) return mapped.source;
    try {
      return mapped.source = new FunctionSource(mapped.task);
    } catch (e) {
      return mapped.source = giveUp(e);
    }
  }

  /** In the order of their size: the smaller ones fill the threads beside the others. */
  #beginAll(): void {
    const size = ({ end, task }: Mapped) => end - task.start;
    const all = [...this.#files.values()].filter((mapped) => mapped !== null).sort((a, b) => size(b) - size(a));
    for (const mapped of all) this.#begin(mapped);
  }

  #begin(mapped: Mapped): void {
    const { source, task, first, kept, isLibrary } = mapped;
    if (mapped.ticket !== null) return;
    mapped.ticket = kept?.isOfTask
      ? { wait: () => kept.translation }
      : this.#translator.begin(task, source !== undefined || !isLibrary, source?.begunFor(task), first);
  }

  /**
   * The guest has booted: all files that it has mapped are translated now. Of libraries that is asked for which the files that
   * were mapped later look up, too.
   */
  catchUp(): void {
    this.#isBooting = false;
    this.#settleHeld();
    for (const mapped of this.#files.values()) if (mapped?.isLibrary) this.#addImports(mapped);
    this.#beginAll();
  }

  #addImports(mapped: Mapped): void {
    const imports = mapped.exports.filter((name) => this.#lookedUp.has(name));
    if (imports.length === mapped.task.imports.length) return;
    mapped.task = { ...mapped.task, imports };
    mapped.ticket = null;
  }

  /** Entries of the file's regions that guests ran which had booted; undefined where they had none of its code from here. */
  runOf(file: InodeNumber, start: number): number[] | undefined {
    const mapped = this.#files.get(keyOf(file, start)) ?? undefined;
    if (mapped?.isRun === false) return [];
    const { covered, entries } = mapped?.code ?? {};
    return covered && entries && entriesRun(covered, entries);
  }

  /** The file as guests had it mapped there, on its way; undefined if none had, or it is too large. */
  begun(file: InodeNumber, start: number): AheadFile | undefined {
    const mapped = this.#files.get(keyOf(file, start)) ?? undefined;
    if (mapped === undefined) return undefined;
    this.#settleHeld();
    this.#begin(mapped);
    return mapped;
  }

  #mapped(file: InodeNumber, start: number, end: number): Mapped | null {
    const key = keyOf(file, start);
    let mapped = this.#files.get(key);
    if (mapped === undefined) this.#files.set(key, mapped = this.#look(file, start, end));
    return mapped;
  }

  #look(file: InodeNumber, start: number, end: number): Mapped | null {
    const bytes = this.#tree.read(file), path = `inode ${file}`;
    try {
      for (const name of importedNames(bytes)) this.#lookedUp.add(name);
      if (end - start > MAX_CODE_BYTES) return null;
      const exports = exportedNames(bytes).sort();
      const task: FileTask = { bytes, path, start, level: this.#level, profile: [], pointers: [], imports: exports };
      const isLibrary = exports.length > FEW_EXPORTS && !isProgram(bytes);
      const mapped: Mapped = {
        task,
        ticket: null,
        isHeld: true,
        kept: undefined,
        first: task,
        source: undefined,
        file,
        isLibrary,
        end,
        exports,
        code: undefined,
        isRun: false,
      };
      // Who will look up which functions of a library is known when all files around it are mapped; extensions of a program may
      // be loaded at any time.
      if (!isLibrary) this.#settle(mapped);
      return mapped;
    } catch (e) {
      return giveUp(e);
    }
  }

  #settleHeld(): void {
    for (const mapped of this.#files.values()) {
      if (mapped === null || !mapped.isHeld) continue;
      mapped.task.imports = mapped.exports.filter((name) => this.#lookedUp.has(name));
      this.#settle(mapped);
    }
  }

  /** The task is known. */
  #settle(mapped: Mapped): void {
    mapped.isHeld = false;
    mapped.kept = this.#translator.kept?.(mapped.task);
    if (mapped.kept === undefined && (!this.#isBooting || this.#translator.hasSpareProcessors)) this.#begin(mapped);
  }

  #wait(mapped: Mapped, library: CodeLibrary): FileCode | undefined {
    if (mapped.code !== undefined) return mapped.code ?? undefined;
    this.#settleHeld();
    const since = this.#now();
    try {
      if (mapped.kept === undefined) this.#begin(mapped);
      const translation = mapped.kept?.translation ?? mapped.ticket!.wait();
      const { file, end, task: { start } } = mapped, { length } = translation.entries;
      const placed = placeTranslation(translation, {
        name: `ahead.${file}.${start.toString(16)}`,
        firstSlot: library.reserveSlots(length),
      });
      const noting = covered(placed), module = new WebAssembly.Module(noting.wasm);
      const { name, entries, firstSlot } = placed;
      const about = { name, module, entries, firstSlot, resume: lazyResume(placed.resume), file, start, end };
      mapped.code = Object.assign(lazyTraps(noting.traps), about, { covered: noting.memory });
    } catch (e) {
      mapped.code = giveUp(e);
    }
    this.waited += this.#now() - since;
    return mapped.code ?? undefined;
  }
}

function clear({ buffer }: WebAssembly.Memory): void {
  new Uint8Array(buffer).fill(0);
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
