import type { CpuLevel } from "../machine/cpu_level.ts";
import { GUEST_BIAS } from "../machine/state.ts";
import * as auxv from "../kernel/abi/auxv.ts";
import { E2BIG } from "../kernel/abi/errno.ts";
import { MINSIGSTKSZ } from "../kernel/abi/signal.ts";
import { CLOCK_TICKS_PER_SECOND } from "../kernel/abi/time.ts";
import type { AddressSpace } from "../kernel/memory/address_space.ts";
import { encodeBytes } from "../kernel/memory/byte_string.ts";
import { storeU64 } from "../kernel/memory/user_memory.ts";
import type { Credentials } from "../kernel/task/credentials.ts";
import { PROGRAM_HEADER_BYTES } from "../elf/header.ts";
import type { LoadedProgram } from "./load.ts";

/** Longest single argument or environment string, with its NUL (MAX_ARG_STRLEN). */
export const MAX_ARG_BYTES = 131072;
/** CPUID.1:EDX, the same at all levels: fpu ... sse2. */
const HWCAP = 0x078bfbff;
/** HWCAP2_FSGSBASE (arch/x86/include/uapi/asm/hwcap2.h). */
const HWCAP2: Record<CpuLevel, number> = { "x86-64-v2": 0, "x86-64-v3": 2 };

export interface StackContents {
  argv: readonly string[];
  envp: readonly string[];
  /** The path given to execve (AT_EXECFN). */
  execfn: string;
  /** AT_RANDOM: seeds stack protectors and pointer guards. */
  random: Uint8Array;
  credentials: Credentials;
  /** AT_SECURE: the program gained rights by set-user-id. */
  secure: number;
  cpuLevel: CpuLevel;
}

/**
 * Builds what a program finds at its first rsp (System V ABI for x86-64, 3.4.1): argc, argv, envp, auxv, and the strings they
 * point at above them. Returns rsp, or -E2BIG.
 */
export function buildStack(space: AddressSpace, loaded: LoadedProgram, c: StackContents, stackBytes: number): number {
  const argv = c.argv.map(cString), envp = c.envp.map(cString);
  const all = [...argv, ...envp];
  const total = all.reduce((sum, s) => sum + s.length + 8, 0);
  // A quarter of the stack (execve(2), "Limits on size of arguments and environment").
  if (total > stackBytes / 4 || all.some((s) => s.length > MAX_ARG_BYTES)) return -E2BIG;

  const u8 = space.machine.memory.u8;
  let sp = space.stackTop - 8;
  const push = (bytes: Uint8Array): number => {
    sp -= bytes.length;
    u8.set(bytes, sp - GUEST_BIAS);
    return sp;
  };
  // As Linux lays them out: file name highest, then environment, then arguments, each ascending.
  const execfn = push(cString(c.execfn));
  space.envEnd = sp;
  const envpAt = pushAll(envp, push);
  space.envStart = space.argEnd = sp;
  const argvAt = pushAll(argv, push);
  space.argStart = sp;
  sp = Math.floor(sp / 16) * 16;
  const platform = push(cString("x86_64"));
  const random = push(c.random);

  const pairs = auxiliaryVector(loaded, c, { execfn, platform, random });
  const words = 1 + argvAt.length + 1 + envpAt.length + 1 + pairs.length;
  sp = Math.floor((sp - words * 8) / 16) * 16;
  let at = sp - GUEST_BIAS;
  const word = (value: number): void => {
    storeU64(space.machine.memory, at, value);
    at += 8;
  };
  word(argv.length);
  argvAt.forEach(word);
  word(0);
  envpAt.forEach(word);
  word(0);
  const auxvAt = at;
  pairs.forEach(word);
  space.auxv = u8.slice(auxvAt, at);
  return sp;
}

function cString(text: string): Uint8Array {
  return encodeBytes(text + "\0");
}

/** Pushes in reverse, so that the strings ascend in memory in their order. */
function pushAll(strings: readonly Uint8Array[], push: (bytes: Uint8Array) => number): number[] {
  const at: number[] = new Array(strings.length);
  for (let i = strings.length - 1; i >= 0; i--) at[i] = push(strings[i]);
  return at;
}

function auxiliaryVector(
  loaded: LoadedProgram,
  c: StackContents,
  at: { execfn: number; platform: number; random: number },
): number[] {
  // No AT_SYSINFO_EHDR: C libraries then make plain system calls for the time.
  return [
    [auxv.AT_HWCAP, HWCAP],
    [auxv.AT_PAGESZ, 4096],
    [auxv.AT_CLKTCK, CLOCK_TICKS_PER_SECOND],
    [auxv.AT_PHDR, loaded.phdr],
    [auxv.AT_PHENT, PROGRAM_HEADER_BYTES],
    [auxv.AT_PHNUM, loaded.phnum],
    [auxv.AT_BASE, loaded.interpreterBase],
    [auxv.AT_FLAGS, 0],
    [auxv.AT_ENTRY, loaded.entry],
    [auxv.AT_UID, c.credentials.uid],
    [auxv.AT_EUID, c.credentials.euid],
    [auxv.AT_GID, c.credentials.gid],
    [auxv.AT_EGID, c.credentials.egid],
    [auxv.AT_SECURE, c.secure],
    [auxv.AT_RANDOM, at.random],
    [auxv.AT_HWCAP2, HWCAP2[c.cpuLevel]],
    [auxv.AT_MINSIGSTKSZ, MINSIGSTKSZ],
    [auxv.AT_EXECFN, at.execfn],
    [auxv.AT_PLATFORM, at.platform],
    [auxv.AT_NULL, 0],
  ].flat();
}
