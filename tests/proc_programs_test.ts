/**
 * The programs of fixtures/c/proc, run in the sandbox: each line must be the one that Linux printed (the .txt beside them,
 * recorded by build.sh).
 */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { runProgram } from "../src/cli/exec.ts";
import { ENGINE_NAMES, type EngineName } from "../src/cli/engines.ts";
import { NodeHost } from "../src/cli/node_host.ts";
import { directoryNode, fileNode, freeze } from "../src/rootfs/node.ts";

const FIXTURES = fileURLToPath(new URL("../fixtures/c/proc/", import.meta.url));
const ATTRIBUTES = { mode: 0o755, uid: 0, gid: 0, mtime: 0, mtimeNs: 0 };

function run(name: string, engine: EngineName): string {
  const root = directoryNode(ATTRIBUTES);
  root.children.set("program", { node: fileNode(ATTRIBUTES, readFileSync(`${FIXTURES}${name}.elf`)), layer: 0 });
  const decoder = new TextDecoder();
  let output = "";
  runProgram({
    tree: freeze(root),
    argv: ["/program"],
    env: [],
    cwd: "/",
    engine,
    host: new NodeHost(),
    console: { write: (_stream, bytes) => void (output += decoder.decode(bytes.slice(), { stream: true })) },
    timeoutMs: 60_000,
  });
  return output;
}

for (const file of readdirSync(FIXTURES)) {
  if (!file.endsWith(".elf")) continue;
  const name = file.slice(0, -".elf".length);
  for (const engine of ENGINE_NAMES) {
    test(`the processes of ${name} see what they see on Linux (${engine})`, () => {
      const expected = readFileSync(`${FIXTURES}${name}.txt`, "utf8");
      expect(run(name, engine).split("\n")).toEqual(expected.split("\n"));
    });
  }
}
