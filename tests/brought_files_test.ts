/**
 * Programs whose files arrive while they wait for them, as on Workers and Deno: each line must be the one that Linux printed (the
 * .txt beside them).
 */
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { createGuest } from "../src/boot/guest.ts";
import { deflater } from "../src/cli/deflate.ts";
import { jitMachine } from "../src/cli/engines.ts";
import { NodeHost } from "../src/cli/node_host.ts";
import { lookup } from "../src/rootfs/lookup.ts";
import { packTree } from "../src/rootfs/pack.ts";
import { openPackedTree } from "../src/rootfs/packed_tree.ts";
import { expectRecorded, PROGRAM, programTree } from "./support/run_program.ts";

const FIXTURES = fileURLToPath(new URL("../fixtures/c/", import.meta.url));
const LIBRARIES = new Map(
  readdirSync(`${FIXTURES}link/lib`).filter((file) => /\.(so|bin)$/.test(file))
    .map((file) => [file, readFileSync(`${FIXTURES}link/lib/${file}`)] as const),
);

/** What /program prints; its own file is there from the start. `rounds`: how often it waited for another one. */
async function outputOf(program: string): Promise<{ output: string; rounds: number }> {
  const tree = programTree(readFileSync(program), LIBRARIES), own = lookup(tree, "/program");
  const packed = packTree(tree, {
    compress: { isWanted: (file) => file === own, compress: deflater({ small: false }) },
  });
  const fetch = (group: number) => setTimeout(5, packed.groups[group]);
  const decoder = new TextDecoder();
  let output = "", rounds = 0, isAwake = true;
  const k = createGuest({
    ...PROGRAM,
    tree: openPackedTree({ ...packed, groups: { fetch } }),
    host: new NodeHost(),
    machine: jitMachine(() => {}),
    console: { write: (_stream, bytes) => void (output += decoder.decode(bytes.slice(), { stream: true })) },
  });
  k.onWake = () => isAwake = true;
  while (k.run() !== "exited") {
    if (!isAwake) expect(k.nextDeadlineNs()).not.toBe(Infinity);
    isAwake = false;
    rounds++;
    await setTimeout(10);
  }
  return { output, rounds };
}

test("shared objects are opened and mapped once they are there", async () => {
  const path = `${FIXTURES}link/places.elf`;
  const { output, rounds } = await outputOf(path);
  expectRecorded(output, path);
  expect(rounds).toBeGreaterThan(0);
});
