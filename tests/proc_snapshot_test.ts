/**
 * Programs of fixtures/c/proc that are frozen and thawed again and again while they run: what processes share, and what they wait
 * for, is in the snapshot. Their output must be what Linux printed all the same.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { createGuest } from "../src/boot/guest.ts";
import { jitMachine } from "../src/cli/engines.ts";
import { NodeHost } from "../src/cli/node_host.ts";
import { GUEST_BIAS } from "../src/machine/state.ts";
import { captureSnapshot, SavedGuest } from "../src/snapshot/snapshot.ts";
import { expectRecorded, PROGRAM, programTree } from "./support/run_program.ts";

const FIXTURES = fileURLToPath(new URL("../fixtures/c/proc/", import.meta.url));
const MOST_FREEZES = 60, SLICE_NS = 3e6;

/** Runs a program; every time its slice is over or all wait, it goes on in a kernel and machines made from a snapshot. */
function runWithFreezes(name: string): { output: string; freezes: number } {
  const tree = programTree(readFileSync(`${FIXTURES}${name}.elf`)), host = new NodeHost(), decoder = new TextDecoder();
  let output = "", freezes = 0;
  const console = {
    write: (_stream: number, bytes: Uint8Array) => void (output += decoder.decode(bytes.slice(), { stream: true })),
  };
  const machine = jitMachine(() => {});
  let k = createGuest({
    tree,
    ...PROGRAM,
    host,
    machine,
    console,
  });
  const newMachine = (bytes: number) => {
    const fresh = machine.blank("");
    fresh.memory.growTo(bytes + GUEST_BIAS);
    return fresh;
  };
  const endNs = host.monotonicNs() + 60e9;
  while (k.run(SLICE_NS) !== "exited" && host.monotonicNs() < endNs) {
    if (freezes++ >= MOST_FREEZES) continue;
    k = new SavedGuest(captureSnapshot(k)).restore({ tree, host, console, newMachine });
  }
  return { output, freezes };
}

for (const name of ["shared", "sync", "locks", "passing"]) {
  test(`the processes of ${name} do not notice that they are frozen`, () => {
    const { output, freezes } = runWithFreezes(name);
    expectRecorded(output, `${FIXTURES}${name}.elf`);
    expect(freezes).toBeGreaterThan(5);
  });
}
