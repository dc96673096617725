/** What is met when an image is booted: the other half of what can be known before it is translated. */
import { BOOT_EPOCH_MS, BOOT_SEED, BootHost } from "../boot/boot_host.ts";
import { type BootLimits, bootToReady, DEFAULT_BOOT_LIMITS, LastOutput } from "../boot/boot.ts";
import { createGuest } from "../boot/guest.ts";
import { isListening, type Listener } from "../boot/serving_port.ts";
import { TranslatorError } from "../errors.ts";
import type { ProcessSpec } from "../image/config.ts";
import { emptyBaseCode } from "../jit/base_code.ts";
import { JitCompiler } from "../jit/lazy_compiler.ts";
import { IrMissInterpreter } from "../jit/miss_interpreter.ts";
import { syscallName } from "../kernel/abi/syscall_numbers.ts";
import { PAGE_SIZE } from "../kernel/abi/mman.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { AddressSpace } from "../kernel/memory/address_space.ts";
import { BodyPool } from "../machine/body_pool.ts";
import type { CpuLevel } from "../machine/cpu_level.ts";
import { CodeLibrary } from "../machine/code_cache.ts";
import { GUEST_BIAS } from "../machine/state.ts";
import { WasmMachine } from "../machine/wasm_machine.ts";
import type { Tree } from "../rootfs/tree.ts";
import { addressSpaces } from "../snapshot/snapshot.ts";

export interface Met {
  /** Why it did not come up; "" if it is ready. */
  problem: string;
  listeners: Listener[];
  /** What runs when it is ready, or when it failed. */
  processes: { pid: number; program: string; threads: number }[];
  /** Bytes of mapped pages of all guest memories that are not all zero. */
  memoryBytes: number;
  /** Calls that are not implemented, and how often they were asked for. */
  syscalls: { number: number; name: string; count: number }[];
  /** Instructions in code that was compiled for the boot, whether it ran them or not. */
  unsupported: string[];
  ofHigherLevel: string[];
  seconds: number;
}

export interface BootOptions {
  tree: Tree;
  spec: ProcessSpec;
  level: CpuLevel;
  limits?: Partial<BootLimits>;
  onOutput?: (line: string) => void;
  /** A real clock. */
  nowMs: () => number;
}

/** Boots an image until it is ready or fails. */
export function bootAndLook(options: BootOptions): Met {
  const { tree, spec, level, nowMs } = options;
  const output = new LastOutput();
  const host = new BootHost(BOOT_EPOCH_MS, BOOT_SEED, (_stream, line) => {
    output.add(line);
    options.onOutput?.(line);
  });
  const unsupported = new Set<string>(), ofHigherLevel = new Set<string>();
  const compiler = new JitCompiler({
    onUnsupported: ({ row }, isHigher) => (isHigher ? ofHigherLevel : unsupported).add(row.mnemonic),
  });
  const machine = new WasmMachine({
    library: new CodeLibrary(emptyBaseCode()),
    compiler,
    interpreter: new IrMissInterpreter(),
    pool: new BodyPool(),
  });
  const since = nowMs();
  const exposed = spec.ports.filter((p) => p.protocol === "tcp").map((p) => p.number);
  let kernel: Kernel | null = null, problem = "";
  try {
    const { argv, env, cwd, uid, gid, groups } = spec;
    const process = { argv: [...argv], env: [...env], cwd, uid, gid, groups: [...groups] };
    kernel = createGuest({ tree, ...process, cpuLevel: level, host, machine });
    const limits = { ...DEFAULT_BOOT_LIMITS, ...options.limits };
    bootToReady(kernel, host, output, nowMs, limits, (listeners) => isListening(listeners, exposed));
  } catch (e) {
    if (!(e instanceof TranslatorError) || e.kind === "bug") throw e;
    problem = e.message;
  }
  return {
    problem,
    listeners: kernel?.net.listeners().map(({ ip, port }) => ({ ip, port })) ?? [],
    processes: [...kernel?.processes.values() ?? []].map((p) => ({
      pid: p.pid,
      program: p.exe,
      threads: p.tasks.length,
    })),
    memoryBytes: kernel === null ? 0 : addressSpaces(kernel).reduce((n, s) => n + usedBytes(s), 0),
    syscalls: [...kernel?.unimplemented ?? []].map(([number, count]) => ({ number, name: syscallName(number), count })),
    unsupported: [...unsupported].sort(),
    ofHigherLevel: [...ofHigherLevel].sort(),
    seconds: (nowMs() - since) / 1000,
  };
}

function usedBytes({ machine, vmas }: AddressSpace): number {
  const last = machine.memory.u8.length;
  let bytes = 0;
  for (const { start, end } of vmas) {
    const stop = Math.min(end - GUEST_BIAS, last);
    for (let at = start - GUEST_BIAS; (at = machine.nextUsedPage(at, stop)) < stop; at += PAGE_SIZE) bytes += PAGE_SIZE;
  }
  return bytes;
}
