/**
 * A frozen guest: the kernel's object graph, and the memories of its address spaces as pages. Blobs:
 *
 *   snapshot.kernel   the graph (graph.ts), root { kernel, spaces }
 *   snapshot.memory   u32 count of memories; each: u32 bytes, u32 words, then runs of four words (pages.ts)
 *   snapshot.pages    page contents, 4096 bytes each, every content once
 */
import { badInput } from "../errors.ts";
import type { Host } from "../host/host.ts";
import type { ConsoleSink } from "../kernel/fs/console.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { AddressSpace } from "../kernel/memory/address_space.ts";
import { flushSpace } from "../kernel/memory/shared_pages.ts";
import { SYSCALLS } from "../kernel/syscalls/table.ts";
import { GUEST_BIAS, RSP, STATE_BYTES } from "../machine/state.ts";
import type { Machine } from "../machine/machine.ts";
import type { MemoryImage } from "../machine/memory_image.ts";
import type { InodeNumber, Tree } from "../rootfs/tree.ts";
import { saveGraph } from "./graph.ts";
import { kernelClasses } from "./kernel_classes.ts";
import { captureRuns, FROM_POOL, type MappedPage, type MemoryRuns, PAGE_BYTES, PagePool } from "./pages.ts";
import { SavedGraph } from "./saved_graph.ts";
import { SavedMemory } from "./saved_memory.ts";

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
export function addressSpaces(k: Pick<Kernel, "processes">): AddressSpace[] {
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
  const memories = spaces.map((s) => captureRuns(s.machine, s.usedBytes, pool, imagePages(k, s)));
  return {
    kernel: saveGraph({ kernel: k, spaces } satisfies Root, kernelClasses()),
    memory: encodeMemories(memories),
    pages: pool.encode(),
  };
}

/** Finds the page of an image's file that a space has mapped; to be asked in ascending order of addresses. */
function imagePages(k: Kernel, { vmas }: AddressSpace): (at: number) => MappedPage | null {
  const buffer = new Uint8Array(PAGE_BYTES);
  let i = 0;
  return (at) => {
    const address = at + GUEST_BIAS;
    while (i < vmas.length && vmas[i].end <= address) i++;
    const v = vmas[i];
    if (v === undefined || v.start > address || v.file === null) return null;
    const file = v.file.imageFile(), offset = v.fileOffset + address - v.start;
    if (file === 0) return null;
    const n = v.file.pread(k, k.currentTask, buffer, 0, PAGE_BYTES, offset);
    return n > 0 ? { file, offset, bytes: buffer.subarray(0, n) } : null;
  };
}

export interface RestoreOptions {
  tree: Tree;
  host: Host;
  console: ConsoleSink;
  /**
   * Makes a machine with at least this many bytes of memory, for a program (see Machine.programLoaded): zeroed, or with what
   * `hasFixed` says of it (BodyPool).
   */
  newMachine(bytes: number, programKey: string, image: MemoryImage): Machine & { readonly hasFixed?: boolean };
}

/** A snapshot ready to be restored, any number of times. */
export class SavedGuest {
  readonly #graph: SavedGraph;
  readonly #memories: MemoryRuns[];
  readonly #pages: Uint8Array;
  /** Of #memories, once it has been known what is mapped in them. */
  #saved: readonly SavedMemory[] | null = null;

  constructor(snapshot: Snapshot) {
    this.#graph = new SavedGraph(snapshot.kernel, kernelClasses());
    this.#memories = decodeMemories(snapshot.memory);
    this.#pages = snapshot.pages;
  }

  /** A running kernel: it goes on where it was, on a new host. */
  restore(options: RestoreOptions): Kernel {
    const { kernel, spaces } = this.#graph.restore() as Root;
    if (this.#memories.length !== spaces.length) {
      throw badInput("snapshot has another number of memories than address spaces");
    }
    const source = (n: number) => n === FROM_POOL ? this.#pages : options.tree.read(n);
    const saved = this.#saved ??= spaces.map((space, i) =>
      new SavedMemory(this.#memories[i], space.vmas, stackPointers(kernel, space))
    );
    spaces.forEach((space, i) => {
      const { length } = this.#memories[i];
      space.attachLater(length + GUEST_BIAS, () => {
        const machine = options.newMachine(length, space.programKey, saved[i]);
        machine.client = kernel;
        if (!machine.memory.growTo(length + GUEST_BIAS)) throw badInput("not enough memory for the snapshot");
        saved[i].restore(machine.memory.u8, source, machine.hasFixed ?? false);
        return machine;
      }, saved[i]);
    });
    kernel.attach(options.host, SYSCALLS);
    kernel.vfs.attach(options.tree, options.console);
    return kernel;
  }
}

/** Of the tasks that run in a space. */
function stackPointers({ tasks }: Kernel, space: AddressSpace): number[] {
  return [...tasks.values()].filter(({ process }) => process.space === space).map(({ registers }) => {
    return new DataView(registers.buffer, registers.byteOffset).getUint32(RSP * 8, true);
  });
}

function encodeMemories(memories: readonly MemoryRuns[]): Uint8Array<ArrayBuffer> {
  const words = memories.reduce((n, m) => n + 2 + m.runs.length, 1);
  const out = new Uint32Array(words);
  out[0] = memories.length;
  let at = 1;
  for (const m of memories) {
    out[at++] = m.length;
    out[at++] = m.runs.length;
    out.set(m.runs, at);
    at += m.runs.length;
  }
  return new Uint8Array(out.buffer);
}

function decodeMemories(bytes: Uint8Array): MemoryRuns[] {
  // A copy, since a blob may begin at any offset of its file.
  const words = new Uint32Array(bytes.slice().buffer, 0, bytes.length >> 2);
  const memories: MemoryRuns[] = [];
  let at = 1;
  for (let i = 0; i < words[0]; i++) {
    const length = words[at], count = words[at + 1];
    if (count % 4 !== 0 || at + 2 + count > words.length) throw badInput("snapshot's memory table is cut short");
    memories.push({ length, runs: words.slice(at + 2, at + 2 + count) });
    at += 2 + count;
  }
  return memories;
}

/** Files of the image whose pages a restore takes, by their numbers. */
export function filesOfSnapshot(snapshot: Snapshot): Set<InodeNumber> {
  const files = new Set<InodeNumber>();
  for (const { runs } of decodeMemories(snapshot.memory)) {
    for (let i = 0; i < runs.length; i += 4) if (runs[i] !== FROM_POOL) files.add(runs[i]);
  }
  return files;
}

/** Bytes of guest memory that a restore fills. */
export function residentBytes(snapshot: Snapshot): number {
  let bytes = 0;
  for (const { runs } of decodeMemories(snapshot.memory)) for (let i = 3; i < runs.length; i += 4) bytes += runs[i];
  return bytes;
}

/** Bytes of guest memory in a snapshot that are not zero and not in files of the image, equal pages counted once. */
export function pagesBytes(snapshot: Snapshot): number {
  return Math.floor(snapshot.pages.length / PAGE_BYTES) * PAGE_BYTES;
}
