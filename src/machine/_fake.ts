import {
  GUEST_BIAS,
  RAX,
  RSP,
  STATE_GPR,
  STATE_RIP,
  STATE_STOP_INFO,
  STOP_SEGV,
  STOP_SYSCALL,
  STOP_YIELD,
} from "./state.ts";
import { R10, R8, R9, RDI, RDX, RSI } from "./state.ts";
import { type GuestMemory, PlainGuestMemory } from "./guest_memory.ts";
import type { Machine, MachineClient } from "./machine.ts";
import { nextUsedPageOf } from "./used_pages.ts";

/**
 * A machine for kernel tests: "code" is TypeScript functions at guest addresses, 16 bytes apart. A step does what a few
 * instructions would and makes at most one system call, as the last thing. All state is in guest memory and registers, as
 * with real code, so fork, exec, signals and restarts work on it.
 */
export type Step = (cpu: FakeCpu) => number | void;

/** Bytes between steps. */
export const STEP_BYTES = 16;
const ARGUMENTS = [RDI, RSI, RDX, R10, R8, R9];

/** Steps by address, shared by a machine and all that are forked or blanked from it. */
export class FakeCode {
  readonly steps = new Map<number, Step>();

  /** Places a program; returns its address. */
  place(address: number, steps: readonly Step[]): number {
    steps.forEach((step, i) => this.steps.set(address + i * STEP_BYTES, step));
    return address;
  }
}

export class FakeMachine implements Machine {
  readonly memory: GuestMemory;
  client!: MachineClient;
  disposed = false;
  readonly codeChanges: [start: number, end: number][] = [];

  constructor(readonly code: FakeCode = new FakeCode(), guestEnd = 0x20000) {
    this.memory = new PlainGuestMemory(guestEnd);
  }

  run(): number {
    const cpu = new FakeCpu(this);
    for (;;) {
      const rip = cpu.rip;
      // Going back by the two bytes of SYSCALL lands between steps: the call is made again with the registers as they are.
      if (rip % STEP_BYTES === STEP_BYTES - 2) {
        cpu.rip = rip + 2;
        if (this.client.syscall() !== 0) return STOP_SYSCALL;
        continue;
      }
      const step = this.code.steps.get(rip);
      if (step === undefined) {
        cpu.memory.i32[STATE_STOP_INFO / 4] = rip;
        return STOP_SEGV;
      }
      cpu.rip = rip + STEP_BYTES;
      cpu.wantsStop = 0;
      const stop = step(cpu);
      if (typeof stop === "number" && stop !== 0) {
        cpu.rip = rip;
        return stop;
      }
      if (cpu.wantsStop !== 0) return cpu.wantsStop;
    }
  }

  fork(): Machine {
    const m = new FakeMachine(this.code, this.memory.guestEnd);
    m.memory.u8.set(this.memory.u8);
    m.client = this.client;
    return m;
  }

  nextUsedPage(from: number, end: number): number {
    return nextUsedPageOf(this.memory.i32, from, end);
  }

  blank(): Machine {
    const m = new FakeMachine(this.code);
    m.client = this.client;
    return m;
  }

  checkAccess(): null {
    return null;
  }

  codeChanged(start: number, end: number): void {
    this.codeChanges.push([start, end]);
  }

  dispose(): void {
    this.disposed = true;
  }
}

/** What a step sees of the CPU. */
export class FakeCpu {
  wantsStop = 0;

  constructor(readonly machine: FakeMachine) {}

  get memory(): GuestMemory {
    return this.machine.memory;
  }
  get rip(): number {
    return this.memory.view.getUint32(STATE_RIP, true);
  }
  set rip(address: number) {
    this.memory.view.setUint32(STATE_RIP, address, true);
    this.memory.view.setUint32(STATE_RIP + 4, 0, true);
  }
  /** Signed value of rax, as a system call returns it. */
  get rax(): number {
    return this.get(RAX);
  }
  get(register: number): number {
    const v = this.memory.view, at = STATE_GPR + register * 8;
    return v.getUint32(at, true) + v.getInt32(at + 4, true) * 4294967296;
  }
  set(register: number, value: number): void {
    const v = this.memory.view, at = STATE_GPR + register * 8;
    v.setUint32(at, value >>> 0, true);
    v.setUint32(at + 4, Math.floor(value / 4294967296) >>> 0, true);
  }
  read32(address: number): number {
    return this.memory.view.getUint32(address - GUEST_BIAS, true);
  }
  write32(address: number, value: number): void {
    this.memory.view.setUint32(address - GUEST_BIAS, value, true);
  }
  read64(address: number): number {
    return this.read32(address) + this.read32(address + 4) * 4294967296;
  }
  write64(address: number, value: number): void {
    this.write32(address, value >>> 0);
    this.write32(address + 4, Math.floor(value / 4294967296) >>> 0);
  }
  writeText(address: number, text: string): void {
    this.memory.u8.set(new TextEncoder().encode(text + "\0"), address - GUEST_BIAS);
  }

  /** The SYSCALL instruction; nothing may follow it in a step. */
  syscall(number: number, ...args: number[]): void {
    this.set(RAX, number);
    args.forEach((value, i) => this.set(ARGUMENTS[i], value));
    if (this.machine.client.syscall() !== 0) this.wantsStop = STOP_SYSCALL;
  }
  /** A loop's back-edge that has used up its fuel: stays in this step. */
  spin(): void {
    this.rip -= STEP_BYTES;
    if (this.machine.client.wantsYield()) this.wantsStop = STOP_YIELD;
  }
  jump(address: number): void {
    this.rip = address;
  }
  ret(): void {
    const sp = this.get(RSP);
    this.rip = this.read32(sp);
    this.set(RSP, sp + 8);
  }
}
