/**
 * A machine that runs compiled code: one wasm memory for the guest, one for the pc lookup, a table of regions, the code module
 * (ahead of time, or an empty base) and patch modules for what was compiled since.
 *
 * A pc without a region is a miss: it is compiled on the spot where there is a compiler and the host allows it, and
 * interpreted until it reaches compiled code otherwise.
 */
import { bug } from "../errors.ts";
import type { BodyPool } from "./body_pool.ts";
import type { CodeLibrary, FileCode, LaterCode, PatchModule, ProgramRecord, Slots } from "./code_cache.ts";
import { FLOAT_MODE, MODE_CHECKED, ROUNDING_CONTROL } from "./code_mode.ts";
import type { CpuLevel } from "./cpu_level.ts";
import { innermostFrame, trapReason } from "./fault.ts";
import type { FaultReplay } from "./fault_site.ts";
import { GuestMemory } from "./guest_memory.ts";
import { kindOfPlace, type MissKind, type MissRecord, type Stopwatch } from "./misses.ts";
import { CODE_WRITABLE, type Machine, type MachineClient, type MappedRange } from "./machine.ts";
import type { MemoryImage, MemoryOrigin } from "./memory_image.ts";
import { MappedFiles } from "./mapped_files.ts";
import { NO_CLIENT } from "./no_client.ts";
import { sitesUpTo, trapAtOffset, type TrapSite } from "./trap_table.ts";
import {
  COMPARE_BYTES,
  COMPARE_START,
  FAULT_FETCH,
  FAULT_USER,
  GUEST_BIAS,
  GUEST_LOWEST,
  STATE_AWAITED,
  STATE_FAULT_ERROR,
  STATE_FAULT_HIGH,
  STATE_FUEL,
  STATE_MXCSR,
  STATE_REENTER,
  STATE_RIP,
  STATE_STOP,
  STATE_STOP_INFO,
  STOP_CODE_AWAITED,
  STOP_CODE_CHANGED,
  STOP_FLOAT_MODE,
  STOP_NONE,
  STOP_NOT_FUSED,
  STOP_SEGV,
  STOP_SYSCALL,
  STOP_YIELD,
} from "./state.ts";
import { type BodyOwner, WasmBody } from "./wasm_body.ts";

const PAGE_BYTES = 65536;

/**
 * Host stack given to compiled code, in units of 16 bytes (see emit/region.ts): about 400 KB of the 984 KB that V8 has, the
 * rest being for JavaScript frames below and helpers above.
 */
const DEPTH_UNITS = 25_000;

/** Modules that are kept since they may be running, though there are others in their place. */
const MAX_REPLACED = 250;

/** Loop iterations between two questions to the kernel, after each of which a loop's function is called anew. */
const FUEL = 100_000;

/** Compiles the region of a pc (and perhaps more). Null if there is no code there. */
export interface LazyCompiler {
  /**
   * `traits` are the code's (CODE_ bits). Where it can be written it is guarded (lift/code_guard.ts): `surroundings` are what
   * MachineClient.writableCodeAround says then, else null.
   */
  compile(
    u8: Uint8Array,
    pc: number,
    slots: Slots,
    level: CpuLevel,
    traits: number,
    surroundings: MappedRange | null,
  ): PatchModule | null;
}

/** Runs guest code from rip without compiling, until `isCompiled(pc)` or something stops. Returns 0 or a STOP_ reason. */
export interface MissInterpreter {
  /** Tells what registers were at faults in compiled code. */
  readonly faults: FaultReplay;
  run(machine: WasmMachine, isCompiled: (pc: number) => boolean): number;
}

/** Compiler and interpreter that the host loads when they are first wanted: until then there is neither. */
export interface LaterTranslator {
  /** True if they are not here: `done` is called when they are, or will never be. */
  bring(done: () => void): boolean;
}

/** What all machines of one kernel share. */
export interface WasmShared {
  readonly library: CodeLibrary;
  readonly compiler: LazyCompiler | null;
  readonly interpreter: MissInterpreter | null;
  readonly later?: LaterTranslator;
  /** Measures what is spent on code that is missing: on compiling or interpreting it. */
  readonly outside?: Stopwatch;
  /** Where memories and instances of ended processes wait for the next; without it every process gets new ones. */
  readonly pool?: BodyPool;
}

/** A view of a body's memory; of nothing once the machine is disposed of. */
class WasmGuestMemory extends GuestMemory {
  constructor(private memory: WebAssembly.Memory | null) {
    super();
    this.setBuffer(memory!.buffer as ArrayBuffer);
  }

  growTo(guestEnd: number): boolean {
    const missing = guestEnd - this.guestEnd;
    if (missing <= 0) return true;
    if (this.memory === null) return false;
    try {
      this.memory.grow(Math.ceil(missing / PAGE_BYTES));
    } catch {
      return false;
    }
    this.setBuffer(this.memory.buffer as ArrayBuffer);
    return true;
  }

  detach(): void {
    this.memory = null;
    this.setBuffer(new ArrayBuffer(0));
  }
}

/** A fault in compiled code: the stop, where, and the runs of instructions that tell the registers. */
interface Fault {
  readonly reason: number;
  readonly pc: number;
  readonly runs: readonly TrapSite[];
}

export class WasmMachine implements Machine, BodyOwner {
  readonly memory: WasmGuestMemory;
  client: MachineClient = NO_CLIENT;
  readonly #body: WasmBody;
  #key: string;
  readonly #files = new MappedFiles();
  #bound = false;
  /** The compiled code that is being run is no longer what the body is bound to. */
  #outdated = false;
  #checked = false;
  #isDisposed = false;
  /** Faults of tasks that wait for what finds their registers, by the numbers in STATE_AWAITED. */
  readonly #faults = new Map<number, Fault>();
  #lastFault = 1;
  /** Changes whenever code bytes of this memory may have: what was compared with them before has to be compared again. */
  codeVersion = 0;

  /** The memory has the fixed pages of the image, and in the others that the image fills it may have anything. */
  readonly hasFixed: boolean;

  /**
   * A machine with at least `initialBytes` of memory, for the program with this key; zeroed, unless it is about to be restored
   * from `image` and has parts of that (`hasFixed`).
   */
  constructor(readonly shared: WasmShared, initialBytes = 0, key = "", image: MemoryImage | null = null) {
    this.#key = key;
    const taken = shared.pool?.take(key, image);
    this.hasFixed = taken?.hasFixed ?? false;
    this.#body = taken?.body ?? new WasmBody(initialBytes);
    this.#body.owner = this;
    this.memory = new WasmGuestMemory(this.#body.memory);
    this.memory.growTo(initialBytes + GUEST_BIAS);
  }

  // Instances are made at the first run: a machine that only ever execs never needs the first program's code.
  #bind(): void {
    this.#body.bind(this.#files.codes(), this.shared.library);
    this.#bound = true;
  }

  /** Entries asked for that had no code. */
  get misses(): Map<number, MissRecord> {
    return this.#record.misses;
  }

  get #record(): ProgramRecord {
    return this.shared.library.program(this.#key);
  }

  /** The kernel has loaded a program: what it is asked for is noted under this key. */
  programLoaded(key: string): void {
    this.codeVersion++;
    this.#key = key;
    for (const { file, start, end } of this.#files) this.#note(file, start, end);
  }

  codeMapped(file: number, start: number, end: number): void {
    this.codeVersion++;
    const codes = this.#files.map(file, start, end, this.shared.library.find);
    this.#note(file, start, end);
    if (!this.#bound) return this.#body.occupied([{ start, end }], codes);
    if (this.#body.codeChanged(start, end, true, codes[0])) this.#outdated = true;
    for (const code of codes) this.#add(code);
  }

  /** Code made ahead of time is for mode 0: others find it when they come back to that. */
  #add(code: FileCode): void {
    if (this.#body.mode === 0) this.#body.addCode(code);
  }

  #note(file: number, start: number, end: number): void {
    this.shared.library.program(this.#key).files.set(file, { start, end });
  }

  run(): number {
    if (!this.#bound) this.#bind();
    const words = this.memory.i32, awaited = words[STATE_AWAITED >> 2];
    words[STATE_STOP >> 2] = STOP_NONE;
    words[STATE_STOP_INFO >> 2] = words[STATE_FAULT_HIGH >> 2] = words[STATE_FAULT_ERROR >> 2] = 0;
    words[STATE_AWAITED >> 2] = 0;
    if (this.#faults.has(awaited)) return this.#faultAgain(awaited);
    this.#refuel();
    for (;;) {
      const { interpreter } = this.shared;
      let stop = this.#enterMode() || interpreter === null
        ? this.#runCompiled()
        : this.#interpret(interpreter, () => this.#enterMode());
      if (stop === STOP_NOT_FUSED) stop = this.#interpretRegion();
      if (stop !== STOP_NONE && stop !== STOP_FLOAT_MODE && stop !== STOP_CODE_CHANGED) return stop;
      const state = this.memory.i32, changed = state[STATE_STOP_INFO >> 2] >>> 0;
      state[STATE_STOP >> 2] = state[STATE_STOP_INFO >> 2] = STOP_NONE;
      // Code that has found itself changed names its address.
      if (stop === STOP_CODE_CHANGED && changed !== 0) this.codeChanged(changed, changed + 1);
    }
  }

  /** Who goes on has fuel, whatever the client has done about it. */
  #refuel(): void {
    const words = this.memory.i32;
    if (words[STATE_FUEL >> 2] <= 0) words[STATE_FUEL >> 2] = FUEL;
  }

  /** What the host cannot compute as compiled code would; the next region may be compiled again. */
  #interpretRegion(): number {
    const { interpreter } = this.shared;
    if (interpreter === null && this.#awaitsTranslator()) return this.#await();
    if (interpreter === null) throw bug("no interpreter for fused products, which this host rounds twice");
    this.memory.i32[STATE_STOP >> 2] = STOP_NONE;
    return this.#interpret(interpreter, () => true);
  }

  /**
   * Has compiled code of the mode that the task needs; false if there can be none. Hosts that cannot compile have code of mode
   * 0, which does for denormals: what is interpreted is so much slower that nobody would want it for their sake.
   */
  #enterMode(): boolean {
    const float = this.memory.i32[STATE_MXCSR >> 2] & FLOAT_MODE;
    const canCompile = this.shared.compiler !== null || this.shared.later !== undefined;
    if (!canCompile && (this.#checked || (float & ROUNDING_CONTROL) !== 0)) return false;
    const mode = canCompile ? float | (this.#checked ? MODE_CHECKED : 0) : 0;
    if (mode !== this.#body.mode) this.#body.enterMode(mode, this.#files.codes());
    return true;
  }

  /** See Machine. The stop that this may ask for comes at the end of the system call. */
  checkAccess(on: boolean): Uint8Array | null {
    if (!this.#bound) this.#bind();
    if (on !== this.#checked) {
      this.#outdated = true;
      this.codeVersion++;
    }
    this.#checked = on;
    return on ? this.#body.accessMap.begin() : null;
  }

  /** Whether loads and stores are checked. */
  get isChecked(): boolean {
    return this.#checked;
  }

  /** Asked by compiled code. */
  hasChanged(guard: number): boolean {
    return this.shared.library.cache.hasChanged(guard, this.memory.i32);
  }

  /** Asked by compiled code, which is on the stack: what is replaced is kept until nothing is. */
  replaceCode(pc: number): boolean {
    return this.#body.replaced < MAX_REPLACED && this.#codeFor(pc, true);
  }

  /** What is known of the code at a guest address, and the mode it is made for. */
  #traitsOf(pc: number): number {
    return this.client.codeTraits(pc) | this.#body.mode;
  }

  #runCompiled(): number {
    let pc = this.memory.i32[STATE_RIP >> 2] >>> 0;
    this.#outdated = false;
    this.#body.forgetReplaced();
    for (;;) {
      let entry = pc;
      if (this.#body.lookup.get(pc) === 0) {
        const place = this.#body.resumePlace(pc);
        if (place === null) {
          const stop = this.#miss(pc);
          if (stop !== STOP_NONE) return stop;
          pc = this.memory.i32[STATE_RIP >> 2] >>> 0;
          continue;
        }
        entry = place.entry;
        this.memory.i32[STATE_REENTER >> 2] = place.number;
        count(this.#record.resumed, pc);
      }
      let next: number;
      try {
        next = this.#body.exports.run(entry, DEPTH_UNITS);
      } catch (e) {
        return this.#fault(e);
      }
      if (next !== 0) {
        pc = next >>> 0;
        this.#setRip(pc);
        continue;
      }
      const stop = this.memory.i32[STATE_STOP >> 2];
      if (stop !== STOP_NONE) return stop;
      return this.#segv(0);
    }
  }

  /** Import of compiled code. */
  onSyscall(): number {
    let stop = STOP_SYSCALL;
    if (this.client.syscall() === 0) {
      if (!this.#outdated) return 0;
      stop = STOP_CODE_CHANGED;
    }
    this.memory.i32[STATE_STOP >> 2] = stop;
    return 1;
  }

  /** Import of compiled code. */
  onFuel(): number {
    if (!this.client.wantsYield()) {
      this.#refuel();
      return 0;
    }
    this.memory.i32[STATE_STOP >> 2] = STOP_YIELD;
    return 1;
  }

  /** Code of the file that is mapped there, which is not here yet and may have the address. */
  #laterAt(pc: number): LaterCode | undefined {
    const later = this.#body.mode === 0 ? this.#files.at(pc)?.later : undefined;
    // Each address where regions can go on is in one module alone.
    return later?.has?.(pc, this.#body.resumePlace(pc) !== null) === false ? undefined : later;
  }

  /** True if code of the file that is mapped there has been waited for now. Compiled code may be running. */
  #arrives(pc: number): boolean {
    const code = this.#laterAt(pc) && this.#files.arrivalAt(pc);
    if (code !== undefined) this.#body.addCode(code);
    return code !== undefined;
  }

  readonly #awaitedArrived = () => this.client.awaitedArrived();

  /** True if the code of the file that is mapped there is on its way, and is waited for. */
  #isAwaited(pc: number): boolean {
    return this.#laterAt(pc)?.bring?.(this.#awaitedArrived) === true;
  }

  /** True if what makes up for missing code is on its way. */
  #awaitsTranslator(): boolean {
    return this.shared.later?.bring(this.#awaitedArrived) === true;
  }

  /** The task waits for code, or with the number of a fault. */
  #await(number = 1): number {
    const words = this.memory.i32;
    words[STATE_AWAITED >> 2] = number;
    return words[STATE_STOP >> 2] = STOP_CODE_AWAITED;
  }

  /** Import of compiled code. */
  onMiss(pc: number): number {
    if (!this.#arrives(pc) && this.#isAwaited(pc)) return 0;
    // Who goes to a return site is unwinding, and does not come back.
    return this.#body.resumePlace(pc)?.isReturn ? 0 : this.#slotFor(pc, false);
  }

  /** Import of compiled code. */
  onStub(pc: number): number {
    return this.#slotFor(pc, true);
  }

  /** `isKnown`: compiled code names the address. */
  #slotFor(pc: number, isKnown: boolean): number {
    // A stub may be older than the code.
    let slot = this.#body.lookup.get(pc);
    if (slot === 0 && this.#arrives(pc)) slot = this.#body.lookup.get(pc);
    if (slot !== 0) return slot;
    return this.#codeFor(pc, isKnown) ? this.#body.lookup.get(pc) : 0;
  }

  #setRip(pc: number): void {
    const words = this.memory.i32;
    words[STATE_RIP >> 2] = pc | 0;
    words[(STATE_RIP >> 2) + 1] = 0;
  }

  #segv(pc: number): number {
    this.#setRip(pc);
    const words = this.memory.i32;
    words[STATE_STOP_INFO >> 2] = pc | 0;
    words[STATE_FAULT_HIGH >> 2] = 0;
    words[STATE_FAULT_ERROR >> 2] = FAULT_USER | FAULT_FETCH;
    return words[STATE_STOP >> 2] = STOP_SEGV;
  }

  /** Makes code for a pc, or interprets from there. Returns a STOP_ reason, or STOP_NONE with rip where to go on. */
  #miss(pc: number): number {
    const { shared } = this;
    this.#setRip(pc);
    if (pc < GUEST_LOWEST || pc >= this.memory.guestEnd) return this.#segv(pc);
    if (this.#arrives(pc)) return STOP_NONE;
    if (this.#isAwaited(pc)) return this.#await();
    const resumable = shared.library.cache.findResumable(pc, this.memory.i32, this.#traitsOf(pc));
    if (resumable !== undefined) {
      this.#body.install(resumable);
      if (this.#body.resumePlace(pc) !== null) return STOP_NONE;
    }
    if (this.#codeFor(pc)) return STOP_NONE;
    if (this.#awaitsTranslator()) return this.#await();
    this.#noteMiss(pc);
    if (shared.interpreter === null) throw bug("no compiler and no interpreter for a miss", { pc });
    const isCompiled = (p: number) => this.#body.lookup.get(p) !== 0 || this.#body.resumePlace(p) !== null;
    return this.#interpret(shared.interpreter, isCompiled);
  }

  /**
   * Compiles the region of a pc and puts it into the table, if that can be done. Compiled code asks for this too when it is
   * about to call or jump there, so that a first call unwinds nothing: every frame that unwinds has to be entered again at its
   * return site, which is one more region to compile.
   */
  #codeFor(pc: number, isKnown = false): boolean {
    if (pc < GUEST_LOWEST || pc >= this.memory.guestEnd) return false;
    const { library } = this.shared;
    const traits = this.#traitsOf(pc);
    const surroundings = traits & CODE_WRITABLE ? this.client.writableCodeAround(pc) : null;
    const cached = library.cache.find(pc, this.memory.i32, traits, surroundings);
    if (cached !== undefined) {
      this.#body.install(cached);
      return true;
    }
    const { compiler, outside } = this.shared, { cpuLevel } = this.client, later = this.#files.at(pc)?.later;
    const made = traits === 0 ? later?.functionAt(pc, this.memory.u8, library) ?? null : null;
    if (made === null && compiler === null) return false;
    const compile = () => compiler!.compile(this.memory.u8, pc, library, cpuLevel, traits, surroundings);
    const patch = made ?? (outside === undefined ? compile() : outside.during(compile));
    if (patch === null) return false;
    // What will come has all that its code names.
    if (made !== null || later === undefined || !isKnown) this.#noteMiss(pc);
    library.cache.add(patch);
    this.#body.install(patch);
    return true;
  }

  #interpret(interpreter: MissInterpreter, isCompiled: (pc: number) => boolean): number {
    const { outside } = this.shared;
    return outside === undefined
      ? interpreter.run(this, isCompiled)
      : outside.during(() => interpreter.run(this, isCompiled));
  }

  #noteMiss(pc: number): void {
    const { misses } = this, known = misses.get(pc);
    if (known !== undefined) known.count++;
    else misses.set(pc, { count: 1, kind: this.#kindOfMiss(pc) });
  }

  #kindOfMiss(pc: number): MissKind {
    const mapping = this.#files.at(pc);
    if (mapping !== undefined) {
      const { later } = mapping;
      if (later?.isLeftOut === true && later.has?.(pc, false) === true) return "left out";
      return mapping.codes.length === 0 ? "file not compiled" : kindOfPlace(this.memory.u8, pc);
    }
    return "code made at run time";
  }

  #fault(e: unknown): number {
    if (!(e instanceof WebAssembly.RuntimeError)) throw e;
    const words = this.memory.i32;
    const reason = trapReason(e.message, words[STATE_STOP_INFO >> 2]);
    const frame = innermostFrame(e.stack ?? "");
    const table = frame === null ? undefined : this.#body.traps.get(frame.module);
    const n = table === undefined ? -1 : trapAtOffset(table, frame!.offset);
    if (reason === 0 || table === undefined || n < 0) {
      throw bug(`unexpected trap: ${e.message} at ${frame?.module}+${frame?.offset}`);
    }
    const fault = { reason, pc: table.trapPcs[n], runs: sitesUpTo(table, table.trapSites[n]) };
    if (!this.#awaitsTranslator()) return this.#replay(fault);
    this.#faults.set(++this.#lastFault, fault);
    return this.#await(this.#lastFault);
  }

  #faultAgain(number: number): number {
    if (this.#awaitsTranslator()) return this.#await(number);
    const fault = this.#faults.get(number)!;
    this.#faults.delete(number);
    return this.#replay(fault);
  }

  #replay({ reason, pc, runs }: Fault): number {
    const words = this.memory.i32;
    this.#setRip(pc);
    words[STATE_STOP_INFO >> 2] = words[STATE_FAULT_HIGH >> 2] = words[STATE_FAULT_ERROR >> 2] = 0;
    const { interpreter, later } = this.shared;
    if (interpreter === null && later !== undefined) {
      throw bug("no interpreter to find the registers at a fault", { pc });
    }
    interpreter?.faults.replay(this.memory, runs, pc, reason, this.client.cpuLevel);
    return words[STATE_STOP >> 2] = reason;
  }

  fork(mapped: readonly MappedRange[]): WasmMachine {
    if (!this.#bound) this.#bind();
    const from = this.memory.u8;
    const copy = new WasmMachine(this.shared, from.length, this.#key);
    copy.client = this.client;
    copy.#checked = this.#checked;
    copy.#files.copyFrom(this.#files);
    copy.#body.occupied(mapped, copy.#files.codes());
    const to = copy.memory.u8;
    // What is zero is not touched: it stays uncommitted.
    for (const [start, end] of this.#body.usedRuns(mapped)) to.set(from.subarray(start, end), start);
    return copy;
  }

  nextUsedPage(from: number, end: number): number {
    if (!this.#bound) this.#bind();
    return this.#body.exports.next_used_page(from, end) >>> 0;
  }

  nextDifferentPage(from: number, end: number, bytes: Uint8Array, at: number): number {
    if (!this.#bound) this.#bind();
    const { u8 } = this.memory;
    while (from < end) {
      const offset = from % COMPARE_BYTES,
        to = COMPARE_START + offset,
        n = Math.min(end - from, COMPARE_BYTES - offset);
      u8.set(bytes.subarray(at, at + n), to);
      const found = this.#body.exports.next_different_page(from, from + n) >>> 0;
      u8.fill(0, to, to + n);
      if (found < from + n) return found;
      from += n;
      at += n;
    }
    return end;
  }

  blank(key: string): WasmMachine {
    const machine = new WasmMachine(this.shared, 0, key);
    machine.client = this.client;
    return machine;
  }

  codeChanged(start: number, end: number, isFixed = false): void {
    this.codeVersion++;
    this.#files.unmap(start, end);
    if (!this.#bound) this.#body.occupied([{ start, end }], []);
    else if (this.#body.codeChanged(start, end, isFixed)) this.#outdated = true;
  }

  dispose(mapped?: readonly MappedRange[], origin: MemoryOrigin | null = null): void {
    // Zombies are still said to have a memory when all ends.
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    // A body without code has hardly been used; but a restored memory has cost something, though its process did not run.
    if (!this.#bound && origin !== null) this.#bind();
    this.memory.detach();
    this.client = NO_CLIENT;
    if (this.#bound && mapped !== undefined) this.shared.pool?.give(this.#key, this.#body, mapped, origin);
    this.#bound = false;
  }
}

function count(counts: Map<number, number>, pc: number): void {
  counts.set(pc, (counts.get(pc) ?? 0) + 1);
}
