/**
 * The programs of fixtures/c/net, run in the sandbox: each line must be the one that Linux printed (the .txt beside them,
 * recorded by build.sh).
 */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { runProgram } from "../src/cli/exec.ts";
import { NodeHost } from "../src/cli/node_host.ts";
import { directoryNode, fileNode, freeze } from "../src/rootfs/node.ts";

const FIXTURES = fileURLToPath(new URL("../fixtures/c/net/", import.meta.url));
const ATTRIBUTES = { mode: 0o755, uid: 0, gid: 0, mtime: 0, mtimeNs: 0 };

function run(name: string): string {
  const root = directoryNode(ATTRIBUTES);
  root.children.set("program", { node: fileNode(ATTRIBUTES, readFileSync(`${FIXTURES}${name}.elf`)), layer: 0 });
  const decoder = new TextDecoder();
  let output = "";
  runProgram({
    tree: freeze(root),
    argv: ["/program"],
    env: [],
    cwd: "/",
    engine: "jit",
    host: new NodeHost(),
    console: { write: (_stream, bytes) => void (output += decoder.decode(bytes.slice(), { stream: true })) },
    timeoutMs: 60_000,
  });
  return output;
}

for (const file of readdirSync(FIXTURES)) {
  if (!file.endsWith(".elf")) continue;
  const name = file.slice(0, -".elf".length);
  test(`the program ${name} sees of the network what it sees on Linux`, () => {
    const expected = readFileSync(`${FIXTURES}${name}.txt`, "utf8");
    expect(run(name).split("\n")).toEqual(expected.split("\n"));
  });
}
