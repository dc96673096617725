/**
 * The programs of fixtures/c/v3, built for x86-64-v3 and run in the sandbox on such a processor by every engine: each line must
 * be the one that Linux printed (the .txt beside them, recorded by build.sh).
 */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { ENGINE_NAMES, type EngineName } from "../src/cli/engines.ts";
import { runProgram } from "../src/cli/exec.ts";
import { NodeHost } from "../src/cli/node_host.ts";
import type { CpuLevel } from "../src/machine/cpu_level.ts";
import { directoryNode, fileNode, freeze } from "../src/rootfs/node.ts";

const FIXTURES = fileURLToPath(new URL("../fixtures/c/v3/", import.meta.url));
const ATTRIBUTES = { mode: 0o755, uid: 0, gid: 0, mtime: 0, mtimeNs: 0 };

function run(file: string, engine: EngineName, cpuLevel: CpuLevel): { output: string; log: string[] } {
  const root = directoryNode(ATTRIBUTES);
  root.children.set("program", { node: fileNode(ATTRIBUTES, readFileSync(file)), layer: 0 });
  const decoder = new TextDecoder();
  let output = "";
  const log: string[] = [];
  const host = new NodeHost();
  host.log = (_stream, line) => void log.push(line);
  const code = runProgram({
    tree: freeze(root),
    argv: ["/program"],
    env: [],
    cwd: "/",
    engine,
    cpuLevel,
    host,
    console: { write: (_stream, bytes) => void (output += decoder.decode(bytes, { stream: true })) },
    timeoutMs: 60_000,
  });
  return { output: code === 0 ? output : `${output}exit ${code}\n`, log };
}

describe("programs for x86-64-v3 compute what they compute on Linux", () => {
  for (const file of readdirSync(FIXTURES).filter((name) => name.endsWith(".elf"))) {
    for (const engine of ENGINE_NAMES) {
      it(`${file.slice(0, -4)} (${engine})`, () => {
        const expected = readFileSync(`${FIXTURES}${file.slice(0, -4)}.txt`, "utf8");
        expect(run(`${FIXTURES}${file}`, engine, "x86-64-v3").output.split("\n")).toEqual(expected.split("\n"));
      });
    }
  }
});

it("on x86-64-v2 they get SIGILL, and the report says what would help", () => {
  const { output, log } = run(`${FIXTURES}vectors.elf`, "jit", "x86-64-v2");
  expect(output).toBe("exit 132\n");
  expect(log.find((line) => line.includes("--cpu x86-64-v3"))).toContain("vmov");
});
