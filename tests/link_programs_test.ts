/**
 * The programs of fixtures/c/link, which map shared objects of the image and change code, in all engines: each line must be the
 * one that Linux printed (the .txt beside them, recorded by build.sh).
 */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { runProgram } from "../src/cli/exec.ts";
import { ENGINE_NAMES, type EngineName } from "../src/cli/engines.ts";
import { NodeHost } from "../src/cli/node_host.ts";
import { directoryNode, fileNode, freeze } from "../src/rootfs/node.ts";

const FIXTURES = fileURLToPath(new URL("../fixtures/c/link/", import.meta.url));
const ATTRIBUTES = { mode: 0o755, uid: 0, gid: 0, mtime: 0, mtimeNs: 0 };
const LIBRARIES = readdirSync(`${FIXTURES}lib`).filter((file) => /\.(so|bin)$/.test(file));

function run(name: string, engine: EngineName): string {
  const root = directoryNode(ATTRIBUTES), lib = directoryNode(ATTRIBUTES);
  for (const file of LIBRARIES) {
    lib.children.set(file, { node: fileNode(ATTRIBUTES, readFileSync(`${FIXTURES}lib/${file}`)), layer: 0 });
  }
  root.children.set("lib", { node: lib, layer: 0 });
  root.children.set("tmp", { node: directoryNode(ATTRIBUTES), layer: 0 });
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

const names = readdirSync(FIXTURES).filter((file) => file.endsWith(".elf")).map((file) =>
  file.slice(0, -".elf".length)
);

describe.each(names)("the program %s sees what it sees on Linux", (name) => {
  test.each(ENGINE_NAMES)("%s", (engine) => {
    const expected = readFileSync(`${FIXTURES}${name}.txt`, "utf8");
    expect(run(name, engine).split("\n")).toEqual(expected.split("\n"));
  });
});
