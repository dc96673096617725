/**
 * A frozen guest: the kernel's object graph, and the memories of its address spaces as pages. Blobs:
 *
 *   snapshot.kernel   the graph (graph.ts), root { kernel, spaces }
 *   snapshot.memory   u32 count of memories; each: u32 bytes, u32 pages, then pairs (page number, content number)
 *   snapshot.pages    page contents, 4096 bytes each, every content once
 */
import { badInput } from "../errors.ts";
import type { Host } from "../host/host.ts";
import type { ConsoleSink } from "../kernel/fs/console.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { AddressSpace } from "../kernel/memory/address_space.ts";
import { flushSpace } from "../kernel/memory/shared_pages.ts";
import { SYSCALLS } from "../kernel/syscalls/table.ts";
import { STATE_BYTES } from "../machine/state.ts";
import type { Machine } from "../machine/machine.ts";
import type { Tree } from "../rootfs/tree.ts";
import { SavedGraph, saveGraph } from "./graph.ts";
import { kernelClasses } from "./kernel_classes.ts";
import { capturePages, type MemoryPages, PAGE_BYTES, PagePool, pageRuns, restoreRuns } from "./pages.ts";
import { GUEST_BIAS } from "../machine/state.ts";

export const SNAPSHOT_BLOBS = ["snapshot.kernel", "snapshot.memory", "snapshot.pages"] as const;

export interface Snapshot {
  kernel: Uint8Array<ArrayBuffer>;
  memory: Uint8Array<ArrayBuffer>;
  pages: Uint8Array<ArrayBuffer>;
}

interface Root {
  kernel: Kernel;
  spaces: AddressSpace[];
}

/** All address spaces of a kernel's processes, each once. */
export function addressSpaces(k: Kernel): AddressSpace[] {
  return [...new Set([...k.processes.values()].map((p) => p.space).filter((s) => s !== null))];
}

/** Freezes a kernel that is idle. The kernel can go on afterwards. */
export function captureSnapshot(k: Kernel): Snapshot {
  k.vfs.forgetUnchanged();
  const spaces = addressSpaces(k);
  // Registers of loaded tasks are in their memories' state blocks; the copies in the tasks are stale, and would differ from
  // boot to boot.
  for (const s of spaces) s.loadedTask?.registers.set(s.machine.memory.u8.subarray(0, STATE_BYTES));
  for (const s of spaces) flushSpace(k, s);
  const pool = new PagePool();
  const memories = spaces.map((s) => capturePages(s.machine.memory.u8, pool));
  return {
    kernel: saveGraph({ kernel: k, spaces } satisfies Root, kernelClasses()),
    memory: encodeMemories(memories),
    pages: pool.encode(),
  };
}

export interface RestoreOptions {
  tree: Tree;
  host: Host;
  console: ConsoleSink;
  /** Makes a machine with at least this many bytes of zeroed memory, for a program (see Machine.programLoaded). */
  newMachine(bytes: number, programKey: string): Machine;
}

/** A snapshot ready to be restored, any number of times. */
export class SavedGuest {
  readonly #graph: SavedGraph;
  readonly #memories: { length: number; runs: number[] }[];
  readonly #pages: Uint8Array;

  constructor(snapshot: Snapshot) {
    this.#graph = new SavedGraph(snapshot.kernel, kernelClasses());
    this.#memories = decodeMemories(snapshot.memory).map((m) => ({ length: m.length, runs: pageRuns(m) }));
    this.#pages = snapshot.pages;
  }

  /** A running kernel: it goes on where it was, on a new host. */
  restore(options: RestoreOptions): Kernel {
    const { kernel, spaces } = this.#graph.restore() as Root;
    if (this.#memories.length !== spaces.length) {
      throw badInput("snapshot has another number of memories than address spaces");
    }
    spaces.forEach((space, i) => {
      const { length, runs } = this.#memories[i];
      const machine = options.newMachine(length, space.programKey);
      machine.client = kernel;
      if (!machine.memory.growTo(length + GUEST_BIAS)) throw badInput("not enough memory for the snapshot");
      restoreRuns(runs, this.#pages, machine.memory.u8);
      space.attach(machine);
    });
    kernel.attach(options.host, SYSCALLS);
    kernel.vfs.attach(options.tree, options.console);
    return kernel;
  }
}

function encodeMemories(memories: readonly MemoryPages[]): Uint8Array<ArrayBuffer> {
  const words = memories.reduce((n, m) => n + 2 + m.pages.length, 1);
  const out = new Uint32Array(words);
  out[0] = memories.length;
  let at = 1;
  for (const m of memories) {
    out[at++] = m.length;
    out[at++] = m.pages.length / 2;
    out.set(m.pages, at);
    at += m.pages.length;
  }
  return new Uint8Array(out.buffer);
}

function decodeMemories(bytes: Uint8Array): MemoryPages[] {
  // A copy, since a blob may begin at any offset of its file.
  const words = new Uint32Array(bytes.slice().buffer, 0, bytes.length >> 2);
  const memories: MemoryPages[] = [];
  let at = 1;
  for (let i = 0; i < words[0]; i++) {
    const length = words[at], count = words[at + 1];
    if (at + 2 + count * 2 > words.length) throw badInput("snapshot's memory table is cut short");
    memories.push({ length, pages: words.slice(at + 2, at + 2 + count * 2) });
    at += 2 + count * 2;
  }
  return memories;
}

/** Bytes of non-zero guest memory in a snapshot, equal pages counted once. */
export function pagesBytes(snapshot: Snapshot): number {
  return Math.floor(snapshot.pages.length / PAGE_BYTES) * PAGE_BYTES;
}
