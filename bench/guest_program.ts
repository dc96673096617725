/** A program of a host's directory in a guest, run to its end: what the benchmarks run, in this process. */
import { createGuest, type GuestOptions } from "../src/boot/guest.ts";
import type { CodePlaces } from "../src/kernel/memory/code_places.ts";
import type { Kernel } from "../src/kernel/kernel.ts";
import type { Machine } from "../src/machine/machine.ts";
import { NodeHost } from "../src/cli/node_host.ts";
import { runToEnd } from "../src/cli/exec.ts";
import type { InodeNumber, Tree } from "../src/rootfs/tree.ts";
import { noChildren } from "../src/rootfs/tree.ts";

/** What natively is run by the same words. */
export interface GuestProgram {
  argv: string[];
  /** "NAME=value" each. */
  env: string[];
}

/** What a run left. */
export interface GuestRun {
  kernel: Kernel;
  /** As a shell shows it. */
  exitCode: number;
  stdout: Uint8Array[];
  stderr: string;
}

/** Runs a program to its end, as root in "/". */
export function runGuest(
  program: GuestProgram,
  tree: Tree,
  machine: Machine,
  codePlaces?: CodePlaces,
): GuestRun {
  const stdout: Uint8Array[] = [];
  let stderr = "";
  const options: GuestOptions = {
    tree,
    argv: program.argv,
    env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", ...program.env],
    cwd: "/",
    uid: 0,
    gid: 0,
    groups: [],
    host: new NodeHost(),
    machine,
    console: {
      write: (stream, bytes) => {
        if (stream === 1) stdout.push(bytes.slice());
        else stderr += new TextDecoder().decode(bytes);
      },
    },
    ...(codePlaces === undefined ? {} : { codePlaces }),
  };
  const kernel = createGuest(options);
  return { kernel, exitCode: runToEnd(kernel, Infinity), stdout, stderr };
}

/** Length and FNV-1a hash, as apps/repeat.c prints them. */
export function checksumOf(pieces: readonly Uint8Array[]): string {
  let hash = 0x811c9dc5, length = 0;
  for (const piece of pieces) {
    for (let i = 0; i < piece.length; i++) hash = Math.imul(hash ^ piece[i], 0x01000193);
    length += piece.length;
  }
  return `${length}-${(hash >>> 0).toString(16).padStart(8, "0")}`;
}

/** A tree whose walk, once frozen, comes only to directories that were looked at before: a machine's root has millions of files. */
export class SeenTree implements Tree {
  readonly root: InodeNumber;
  readonly #seen = new Set<InodeNumber>();
  #isFrozen = false;

  constructor(private readonly tree: Tree) {
    this.root = tree.root;
  }

  freeze(): void {
    this.#isFrozen = true;
  }

  inode(number: InodeNumber) {
    return this.tree.inode(number);
  }

  children(number: InodeNumber) {
    if (!this.#isFrozen) this.#seen.add(number);
    return this.#seen.has(number) ? this.tree.children(number) : noChildren;
  }

  read(number: InodeNumber) {
    return this.tree.read(number);
  }

  readInto(number: InodeNumber, position: number, target: Uint8Array, at: number, length: number) {
    this.tree.readInto(number, position, target, at, length);
  }

  bring(number: InodeNumber, done: (problem: string | null) => void) {
    return this.tree.bring(number, done);
  }
}
