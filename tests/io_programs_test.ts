/**
 * The programs of fixtures/c/io, run in the sandbox: each line must be the one that Linux printed (the .txt beside them,
 * recorded by build.sh).
 */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { runProgram } from "../src/cli/exec.ts";
import { NodeHost } from "../src/cli/node_host.ts";
import { directoryNode, fileNode, freeze } from "../src/rootfs/node.ts";

const FIXTURES = fileURLToPath(new URL("../fixtures/c/io/", import.meta.url));
const ATTRIBUTES = { mode: 0o755, uid: 0, gid: 0, mtime: 0, mtimeNs: 0 };

function run(name: string): string {
  const root = directoryNode(ATTRIBUTES);
  root.children.set("program", { node: fileNode(ATTRIBUTES, readFileSync(`${FIXTURES}${name}.elf`)), layer: 0 });
  const output: Uint8Array[] = [];
  runProgram({
    tree: freeze(root),
    argv: ["/program"],
    env: [],
    cwd: "/",
    engine: "jit",
    host: new NodeHost(),
    console: { write: (_stream, bytes) => void output.push(bytes.slice()) },
    timeoutMs: 60_000,
  });
  return new TextDecoder().decode(concatenate(output));
}

function concatenate(parts: Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of parts) {
    all.set(p, at);
    at += p.length;
  }
  return all;
}

for (const file of readdirSync(FIXTURES)) {
  if (!file.endsWith(".elf")) continue;
  const name = file.slice(0, -".elf".length);
  test(`the program ${name} sees what it sees on Linux`, () => {
    const expected = readFileSync(`${FIXTURES}${name}.txt`, "utf8");
    expect(run(name).split("\n")).toEqual(expected.split("\n"));
  });
}
