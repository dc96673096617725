/**
 * Programs whose files are all compressed in the pack, as those are that nothing read in boot and training: each line must be
 * the one that Linux printed (the .txt beside them, recorded by build.sh).
 */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { deflater } from "../src/cli/deflate.ts";
import { packTree } from "../src/rootfs/pack.ts";
import type { PackedTreeBytes } from "../src/rootfs/pack_format.ts";
import { openPackedTree } from "../src/rootfs/packed_tree.ts";
import type { Tree } from "../src/rootfs/tree.ts";
import { expectRecorded, outputOf, programTree } from "./support/run_program.ts";

const FIXTURES = fileURLToPath(new URL("../fixtures/c/", import.meta.url));
const LARGE_FILE = `${FIXTURES}io/large_file.elf`;
const LIBRARIES = new Map(
  readdirSync(`${FIXTURES}link/lib`).filter((file) => /\.(so|bin)$/.test(file))
    .map((file) => [file, readFileSync(`${FIXTURES}link/lib/${file}`)] as const),
);

function compressed(tree: Tree): PackedTreeBytes {
  return packTree(tree, { compress: { isWanted: () => false, compress: deflater({ small: false }) } });
}

describe.each(["aot", "jit"] as const)("%s", (engine) => {
  test.each([64 << 20, 0])("a large file is read, mapped and sent, keeping %d bytes at most", (keptBytes) => {
    const packed = compressed(programTree(readFileSync(LARGE_FILE)));
    expect(packed.chunks).toEqual([]);
    expect(packed.groups.reduce((n, { length }) => n + length, 0)).toBeLessThan(400_000);
    expectRecorded(outputOf(openPackedTree(packed, { keptBytes }), { engine }), LARGE_FILE);
  });

  test("shared objects are mapped from compressed files", () => {
    const path = `${FIXTURES}link/places.elf`;
    const packed = compressed(programTree(readFileSync(path), LIBRARIES));
    expectRecorded(outputOf(openPackedTree(packed), { engine }), path);
  });
});

test("a damaged program is not run", () => {
  const packed = compressed(programTree(readFileSync(LARGE_FILE)));
  const groups = packed.groups.map((group) => group.slice());
  groups[0].fill(0xff, 1000, 2000);
  expect(outputOf(openPackedTree({ ...packed, groups }), { engine: "interpret" })).toBe("exit 125\n");
});
