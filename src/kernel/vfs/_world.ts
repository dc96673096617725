/** A kernel with an image and one process, whose system calls tests make directly. */
import { FakeHost } from "../../host/fake.ts";
import { FakeMachine } from "../../machine/_fake.ts";
import { GUEST_BIAS, R10, R8, R9, RDI, RDX, RSI } from "../../machine/state.ts";
import { type Attributes, directoryNode, fileNode, freeze, type Node, symlinkNode } from "../../rootfs/node.ts";
import type { Tree } from "../../rootfs/tree.ts";
import { MAP_ANONYMOUS, MAP_PRIVATE, PROT_READ, PROT_WRITE } from "../abi/mman.ts";
import { syscallNumber } from "../abi/syscall_numbers.ts";
import { openConsole } from "../fs/console.ts";
import { emptyInput } from "../fs/standard_input.ts";
import { Kernel } from "../kernel.ts";
import { AddressSpace } from "../memory/address_space.ts";
import { Vma } from "../memory/vma.ts";
import { Net } from "../net/net.ts";
import { SYSCALLS } from "../syscalls/table.ts";
import { Credentials } from "../task/credentials.ts";
import { FdTable } from "../task/fd_table.ts";
import { Process } from "../task/process.ts";
import { SignalHandlers } from "../task/signal_handlers.ts";
import { Task } from "../task/task.ts";
import { Vfs } from "./vfs.ts";

/** What an image holds: text is a file, "-> x" a link, an object a directory. */
export interface Files {
  [name: string]: string | Uint8Array | Files;
}

const MTIME = { mtime: 1_700_000_000, mtimeNs: 123_456_789 };
const attributes = (mode: number): Attributes => ({ mode, uid: 0, gid: 0, ...MTIME });

export function imageOf(files: Files): Tree {
  return freeze(nodeOf(files));
}

function nodeOf(what: Files | string | Uint8Array): Node {
  if (typeof what === "string" && what.startsWith("-> ")) return symlinkNode(attributes(0o777), what.slice(3));
  if (typeof what === "string") return fileNode(attributes(0o644), new TextEncoder().encode(what));
  if (what instanceof Uint8Array) return fileNode(attributes(0o644), what);
  const directory = directoryNode(attributes(0o755));
  for (const [name, child] of Object.entries(what)) directory.children.set(name, { node: nodeOf(child), layer: 0 });
  return directory;
}

/** Where arguments that are not numbers are put. */
const DATA = 0x100000, DATA_BYTES = 0x100000;
/** A buffer for results. */
export const BUFFER = DATA + 0x80000;

const ARGUMENTS = [RDI, RSI, RDX, R10, R8, R9];

export class World {
  readonly host = new FakeHost();
  readonly tree: Tree;
  readonly k: Kernel;
  readonly t: Task;
  private nextData = DATA;

  constructor(files: Files = {}, uid = 0) {
    this.tree = imageOf(files);
    this.host.stepNs = 1000;
    this.k = new Kernel(this.host, SYSCALLS);
    this.k.vfs = new Vfs(this.k, this.tree);
    this.k.net = new Net();
    this.t = this.addProcess(uid);
    this.k.currentTask = this.t;
  }

  addProcess(uid = 0): Task {
    const { k } = this;
    const machine = new FakeMachine();
    machine.client = k;
    const space = new AddressSpace(machine);
    space.insert(new Vma(DATA, DATA + DATA_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS));
    const fds = new FdTable();
    fds.install(emptyInput(k), false);
    fds.install(openConsole(k.vfs.pipefs, 1), false);
    fds.install(openConsole(k.vfs.pipefs, 2), false);
    const pid = k.allocatePid();
    const credentials = new Credentials(uid, uid);
    const p = new Process(k, pid, space, fds, k.vfs.newContext(), credentials, new SignalHandlers());
    const t = new Task(pid, p);
    p.tasks.push(t);
    k.processes.set(pid, p);
    k.tasks.set(pid, t);
    return t;
  }

  /** Makes a call: texts and bytes are put into guest memory and passed by address. */
  call(name: string, ...args: (number | string | Uint8Array)[]): number {
    this.t.restart = null;
    return this.again(name, ...args);
  }

  /** Makes a call that has blocked once more, as the scheduler does. */
  again(name: string, ...args: (number | string | Uint8Array)[]): number {
    this.nextData = DATA;
    const { memory } = this.t;
    const values = args.map((a) => typeof a === "number" ? a : this.place(a));
    ARGUMENTS.forEach((register, i) => {
      const value = values[i] ?? 0;
      memory.i32[register * 2] = value;
      memory.i32[register * 2 + 1] = Math.floor(value / 4294967296);
    });
    const [a, b, c, d, e, f] = ARGUMENTS.map((register) => memory.i32[register * 2]);
    return SYSCALLS[syscallNumber(name)]!.handler(this.k, this.t, a, b, c, d, e, f);
  }

  private place(what: string | Uint8Array): number {
    const bytes = typeof what === "string" ? new TextEncoder().encode(`${what}\0`) : what;
    const at = this.nextData;
    this.t.memory.u8.set(bytes, at - GUEST_BIAS);
    this.nextData += bytes.length + 16 & ~15;
    return at;
  }

  bytesAt(address: number, length: number): Uint8Array {
    return this.t.memory.u8.slice(address - GUEST_BIAS, address - GUEST_BIAS + length);
  }

  viewAt(address: number): DataView {
    return new DataView(this.t.memory.u8.buffer, address - GUEST_BIAS);
  }

  open(path: string, flags = 0, mode = 0o644): number {
    return this.call("open", path, flags, mode);
  }

  /** All of a file as text; the errno as text if it cannot be read. */
  read(path: string): string {
    const fd = this.open(path);
    if (fd < 0) return `error ${-fd}`;
    let text = "";
    for (;;) {
      const n = this.call("read", fd, BUFFER, 4096);
      if (n <= 0) break;
      text += new TextDecoder().decode(this.bytesAt(BUFFER, n));
    }
    this.call("close", fd);
    return text;
  }

  write(path: string, text: string, flags = 0o1101): void {
    const fd = this.open(path, flags);
    this.call("write", fd, text, new TextEncoder().encode(text).length);
    this.call("close", fd);
  }

  /** Names in a directory, without "." and "..". */
  list(path: string): string[] {
    const fd = this.open(path, 0o200000);
    const names: string[] = [];
    for (;;) {
      const n = this.call("getdents64", fd, BUFFER, 512);
      if (n <= 0) break;
      const bytes = this.bytesAt(BUFFER, n), view = new DataView(bytes.buffer);
      for (let at = 0; at < n; at += view.getUint16(at + 16, true)) {
        const end = bytes.indexOf(0, at + 19);
        names.push(new TextDecoder().decode(bytes.subarray(at + 19, end)));
      }
    }
    this.call("close", fd);
    return names.filter((n) => n !== "." && n !== "..");
  }

  /** Fields of stat, or the errno. */
  stat(path: string): { ino: number; mode: number; size: number; nlink: number; mtime: number; mtimeNs: number } {
    const r = this.call("lstat", path, BUFFER);
    if (r < 0) throw new Error(`lstat ${path}: ${r}`);
    const v = this.viewAt(BUFFER);
    return {
      ino: v.getUint32(8, true),
      nlink: v.getUint32(16, true),
      mode: v.getUint32(24, true),
      size: v.getUint32(48, true),
      mtime: v.getUint32(88, true),
      mtimeNs: v.getUint32(96, true),
    };
  }

  readlink(path: string): string {
    const n = this.call("readlink", path, BUFFER, 4096);
    return n < 0 ? `error ${-n}` : new TextDecoder().decode(this.bytesAt(BUFFER, n));
  }
}
