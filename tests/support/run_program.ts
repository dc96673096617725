/** Runs a program of the fixtures in the sandbox. */
import { readFileSync } from "node:fs";
import { expect } from "vitest";
import { type RunOptions, runProgram } from "../../src/cli/exec.ts";
import { NodeHost } from "../../src/cli/node_host.ts";
import { directoryNode, fileNode, freeze } from "../../src/rootfs/node.ts";
import type { Tree } from "../../src/rootfs/tree.ts";

const ATTRIBUTES = { mode: 0o755, uid: 0, gid: 0, mtime: 0, mtimeNs: 0 };

/** A root file system with the program as /program, and other files in /lib and an empty /tmp if there are any. */
export function programTree(program: Uint8Array, libraries: ReadonlyMap<string, Uint8Array> = new Map()): Tree {
  const root = directoryNode(ATTRIBUTES), lib = directoryNode(ATTRIBUTES);
  root.children.set("program", { node: fileNode(ATTRIBUTES, program), layer: 0 });
  for (const [name, bytes] of libraries) lib.children.set(name, { node: fileNode(ATTRIBUTES, bytes), layer: 0 });
  if (libraries.size > 0) {
    root.children.set("lib", { node: lib, layer: 0 });
    root.children.set("tmp", { node: directoryNode(ATTRIBUTES), layer: 0 });
  }
  return freeze(root);
}

/** The process that runs /program, for createGuest(). */
export const PROGRAM = { argv: ["/program"], env: [], cwd: "/", uid: 0, gid: 0, groups: [] };

/** What /program writes to standard output and error, and "exit N" in a line of its own if it ends with another code than 0. */
export function outputOf(tree: Tree, options: Pick<RunOptions, "engine"> & Partial<RunOptions>): string {
  const decoder = new TextDecoder();
  let output = "";
  const code = runProgram({
    tree,
    argv: ["/program"],
    env: [],
    cwd: "/",
    host: new NodeHost(),
    console: { write: (_stream, bytes) => void (output += decoder.decode(bytes.slice(), { stream: true })) },
    timeoutMs: 60_000,
    ...options,
  });
  return code === 0 ? output : `${output}exit ${code}\n`;
}

/** Compares with what Linux printed, recorded beside the program, line by line. */
export function expectRecorded(output: string, elf: string): void {
  expect(output.split("\n")).toEqual(readFileSync(elf.replace(/elf$/, "txt"), "utf8").split("\n"));
}
