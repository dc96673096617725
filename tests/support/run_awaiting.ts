import { setTimeout } from "node:timers/promises";
import { expect } from "vitest";
import { createGuest, type GuestOptions } from "../../src/boot/guest.ts";
import { NodeHost } from "../../src/cli/node_host.ts";
import type { Machine } from "../../src/machine/machine.ts";
import type { Tree } from "../../src/rootfs/tree.ts";
import { PROGRAM } from "./run_program.ts";

/** How long what a guest waits for takes to come. */
const DELAY_MS = 5;

/** `what`, as if it came from far away. */
export function later<T>(what: T): Promise<T> {
  return setTimeout(DELAY_MS, what);
}

/**
 * Runs /program on a host that has something yet to bring, and is woken when it is there. Gives what it prints (outputOf), and how
 * often it came to nothing more to do.
 */
export async function outputAwaiting(
  tree: Tree,
  machine: Machine,
  options: Partial<GuestOptions> = {},
): Promise<{ output: string; rounds: number }> {
  const decoder = new TextDecoder();
  let output = "", rounds = 0, isAwake = true;
  const k = createGuest({
    ...PROGRAM,
    tree,
    machine,
    host: new NodeHost(),
    console: { write: (_stream, bytes) => void (output += decoder.decode(bytes.slice(), { stream: true })) },
    ...options,
  });
  k.onWake = () => isAwake = true;
  while (k.run() !== "exited") {
    // Nobody waits for ever: there is a timer, or somebody will be woken.
    const since = performance.now();
    while (!isAwake && k.nextDeadlineNs() === Infinity && performance.now() - since < 5000) await setTimeout(1);
    expect(isAwake || k.nextDeadlineNs() !== Infinity).toBe(true);
    isAwake = false;
    rounds++;
    await setTimeout(1);
  }
  const code = k.exitStatus!;
  return { output: code === 0 ? output : `${output}exit ${code}\n`, rounds };
}
