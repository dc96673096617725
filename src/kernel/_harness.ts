import { FakeHost } from "../host/fake.ts";
import { FakeCode, FakeMachine, type Step } from "../machine/_fake.ts";
import { ET_DYN, ET_EXEC } from "../elf/header.ts";
import { EACCES, ENOENT } from "./abi/errno.ts";
import { Kernel } from "./kernel.ts";
import { cloneRows } from "./syscalls/clone.ts";
import { execveRows } from "./syscalls/execve.ts";
import { exitRows } from "./syscalls/exit.ts";
import { futexRows } from "./syscalls/futex.ts";
import { identityRows } from "./syscalls/identity.ts";
import { limitRows } from "./syscalls/limits.ts";
import { memoryRows } from "./syscalls/memory.ts";
import { prctlRows } from "./syscalls/prctl.ts";
import { randomRows } from "./syscalls/random.ts";
import { schedRows } from "./syscalls/sched.ts";
import { signalRows } from "./syscalls/signal.ts";
import { makeTable } from "./syscalls/support.ts";
import { systemInfoRows } from "./syscalls/system_info.ts";
import { timeRows } from "./syscalls/time.ts";
import { timerRows } from "./syscalls/timer.ts";
import { waitRows } from "./syscalls/wait.ts";
import { Credentials } from "./task/credentials.ts";
import { FdTable } from "./task/fd_table.ts";
import type { Process } from "./task/process.ts";
import { startFirstProcess } from "./task/start.ts";
import { TMPFS_MAGIC } from "./abi/statfs.ts";
import { FileDescription } from "./vfs/file_description.ts";
import { FileSystem } from "./vfs/file_system.ts";
import { Arrivals } from "./vfs/arrivals.ts";
import type { FsContext, OpenedProgram, Vfs } from "./vfs/vfs.ts";

/** Kernel tests without file systems: programs come from a map, "code" is TypeScript steps. */
const TASK_TABLE = makeTable([
  ...cloneRows,
  ...execveRows,
  ...exitRows,
  ...waitRows,
  ...futexRows,
  ...signalRows,
  ...schedRows,
  ...identityRows,
  ...prctlRows,
  ...limitRows,
  ...memoryRows,
  ...timeRows,
  ...timerRows,
  ...systemInfoRows,
  ...randomRows,
]);

/** A file whose bytes are at hand. */
export class BytesFile extends FileDescription {
  static override readonly savedFields: readonly string[] = ["bytes", "path", "released"];
  released = 0;

  constructor(public bytes: Uint8Array, readonly path = "/file") {
    super();
  }
  poll(): number {
    return 0;
  }
  describe(): string {
    return this.path;
  }
  override pread(_k: Kernel, _t: unknown, to: Uint8Array, at: number, length: number, position: number): number {
    const part = this.bytes.subarray(position, position + length);
    to.set(part, at);
    return part.length;
  }
  override pwrite(_k: Kernel, _t: unknown, from: Uint8Array, at: number, length: number, position: number): number {
    this.bytes.set(from.subarray(at, at + length), position);
    return length;
  }
  override release(): void {
    this.released++;
  }
}

export interface TestFile {
  bytes: Uint8Array;
  mode?: number;
}

export class Harness {
  readonly host = new FakeHost();
  readonly code = new FakeCode();
  readonly kernel: Kernel;
  readonly files = new Map<string, TestFile>();
  process!: Process;

  constructor() {
    this.kernel = new Kernel(this.host, TASK_TABLE);
    const openExecutable = (_k: Kernel, _t: unknown, _dirfd: number, path: string): OpenedProgram | number => {
      const file = this.files.get(path);
      if (file === undefined) return -ENOENT;
      const mode = file.mode ?? 0o755;
      if ((mode & 0o111) === 0) return -EACCES;
      const description = new BytesFile(file.bytes, path);
      description.refs = 1;
      return { description, path, size: file.bytes.length, mode, uid: 0, gid: 0, isImageFile: false };
    };
    const memfdfs = new FileSystem("tmpfs", 1, TMPFS_MAGIC);
    this.kernel.vfs = { openExecutable, memfdfs, watchCount: 0, arrivals: new Arrivals() } as unknown as Vfs;
  }

  /** Starts a static program whose steps lie at its entry point. */
  start(steps: readonly Step[], argv: string[] = ["/bin/test"], envp: string[] = []): Process {
    this.files.set("/bin/test", { bytes: makeElf() });
    this.code.place(ENTRY, steps);
    return this.startPath("/bin/test", argv, envp);
  }

  startPath(path: string, argv: string[] = [path], envp: string[] = []): Process {
    const fs = { umask: 0o022, copy: () => fs } as unknown as FsContext;
    this.process = startFirstProcess(this.kernel, new FakeMachine(this.code), {
      path,
      argv,
      envp,
      credentials: new Credentials(0, 0),
      fs,
      fds: new FdTable(),
    });
    return this.process;
  }

  /** Runs, letting time pass to the next deadline whenever all are idle. */
  runToEnd(): number {
    for (let i = 0; i < 1000; i++) {
      if (this.kernel.run() === "exited") return this.kernel.exitStatus!;
      const next = this.kernel.nextDeadlineNs();
      if (next === Infinity) throw new Error("all tasks are blocked for good");
      this.host.nowNs = Math.max(this.host.nowNs, next);
    }
    throw new Error("does not end");
  }
}

/** Where makeElf's programs begin, and a page of theirs that can be written. */
export const ENTRY = 0x401000;
export const DATA = 0x402000;

export interface ElfOptions {
  type?: number;
  /** Address of the first segment; the others follow it. */
  base?: number;
  interpreter?: string;
  /** Bytes of .bss after the data page. */
  bss?: number;
}

/** A minimal ELF64 program: headers (R), one page of code (RX), one of data (RW) with .bss. */
export function makeElf(options: ElfOptions = {}): Uint8Array {
  const type = options.type ?? ET_EXEC;
  const base = options.base ?? (type === ET_DYN ? 0 : 0x400000);
  const interp = options.interpreter === undefined ? null : new TextEncoder().encode(options.interpreter + "\0");
  const bytes = new Uint8Array(0x3000 - 0x100);
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, type, true);
  view.setUint16(18, 62, true);
  view.setUint32(20, 1, true);
  const u64 = (at: number, value: number) => {
    view.setUint32(at, value, true);
    view.setUint32(at + 4, Math.floor(value / 4294967296), true);
  };
  u64(24, base + 0x1000);
  u64(32, 64);
  view.setUint16(52, 64, true);
  view.setUint16(54, 56, true);
  const headers: number[][] = [
    [1, 4, 0, base, 0x300, 0x300],
    [1, 5, 0x1000, base + 0x1000, 0x1000, 0x1000],
    [1, 6, 0x2000, base + 0x2000, 0xf00, 0xf00 + (options.bss ?? 0x3000)],
  ];
  if (interp !== null) {
    bytes.set(interp, 0x280);
    headers.unshift([3, 4, 0x280, base + 0x280, interp.length, interp.length]);
  }
  view.setUint16(56, headers.length, true);
  headers.forEach(([kind, flags, offset, vaddr, filesz, memsz], i) => {
    const at = 64 + i * 56;
    view.setUint32(at, kind, true);
    view.setUint32(at + 4, flags, true);
    u64(at + 8, offset);
    u64(at + 16, vaddr);
    u64(at + 24, vaddr);
    u64(at + 32, filesz);
    u64(at + 40, memsz);
    u64(at + 48, 0x1000);
  });
  bytes.fill(0xc3, 0x1000, 0x2000);
  bytes.fill(0xdd, 0x2000, 0x2f00);
  return bytes;
}
