/**
 * The programs of fixtures/c/jit, fixtures/c/signals and fixtures/c/threads, run in the sandbox by every engine: each line must
 * be the one that Linux printed (the .txt beside them, recorded by build.sh).
 */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { ENGINE_NAMES, type EngineName } from "../src/cli/engines.ts";
import { runProgram } from "../src/cli/exec.ts";
import { NodeHost } from "../src/cli/node_host.ts";
import { directoryNode, fileNode, freeze } from "../src/rootfs/node.ts";

const FIXTURES = fileURLToPath(new URL("../fixtures/c/", import.meta.url));
const ATTRIBUTES = { mode: 0o755, uid: 0, gid: 0, mtime: 0, mtimeNs: 0 };

function run(file: string, engine: EngineName): string {
  const root = directoryNode(ATTRIBUTES);
  root.children.set("program", { node: fileNode(ATTRIBUTES, readFileSync(file)), layer: 0 });
  const decoder = new TextDecoder();
  let output = "";
  const code = runProgram({
    tree: freeze(root),
    argv: ["/program"],
    env: [],
    cwd: "/",
    engine,
    host: new NodeHost(),
    console: { write: (_stream, bytes) => void (output += decoder.decode(bytes, { stream: true })) },
    timeoutMs: 60_000,
  });
  return code === 0 ? output : `${output}exit ${code}\n`;
}

for (const folder of ["jit", "signals", "threads"]) {
  describe(`the programs of fixtures/c/${folder} see what they see on Linux`, () => {
    for (const file of readdirSync(`${FIXTURES}${folder}`)) {
      if (!file.endsWith(".elf")) continue;
      const path = `${FIXTURES}${folder}/${file}`;
      for (const engine of ENGINE_NAMES) {
        it(`${file.slice(0, -4)} (${engine})`, () => {
          const expected = readFileSync(path.replace(/elf$/, "txt"), "utf8");
          expect(run(path, engine).split("\n")).toEqual(expected.split("\n"));
        });
      }
    }
  });
}
