/**
 * Programs whose files arrive while they wait for them, as on Workers and Deno: each line must be the one that Linux printed (the
 * .txt beside them).
 */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { deflater } from "../src/cli/deflate.ts";
import { jitMachine } from "../src/cli/engines.ts";
import { lookup } from "../src/rootfs/lookup.ts";
import { packTree } from "../src/rootfs/pack.ts";
import { openPackedTree } from "../src/rootfs/packed_tree.ts";
import { later, outputAwaiting } from "./support/run_awaiting.ts";
import { expectRecorded, programTree } from "./support/run_program.ts";

const FIXTURES = fileURLToPath(new URL("../fixtures/c/", import.meta.url));
const LIBRARIES = new Map(
  readdirSync(`${FIXTURES}link/lib`).filter((file) => /\.(so|bin)$/.test(file))
    .map((file) => [file, readFileSync(`${FIXTURES}link/lib/${file}`)] as const),
);

test("shared objects are opened and mapped once they are there", async () => {
  const program = `${FIXTURES}link/places.elf`;
  const tree = programTree(readFileSync(program), LIBRARIES), own = lookup(tree, "/program");
  // Its own file is there from the start.
  const packed = packTree(tree, {
    compress: { isWanted: (file) => file === own, compress: deflater({ small: false }) },
  });
  const fetch = (group: number) => later(packed.groups[group]);
  const far = openPackedTree({ ...packed, groups: { fetch } });
  const { output, rounds } = await outputAwaiting(far, jitMachine(() => {}));
  expectRecorded(output, program);
  expect(rounds).toBeGreaterThan(0);
});
