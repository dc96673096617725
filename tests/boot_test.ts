/** When a server counts as ready. */
import { expect, test } from "vitest";
import { BOOT_EPOCH_MS, BOOT_SEED, BootHost } from "../src/boot/boot_host.ts";
import { type BootLimits, bootToReady, DEFAULT_BOOT_LIMITS, LastOutput } from "../src/boot/boot.ts";
import { createGuest } from "../src/boot/guest.ts";
import { interpreterMachine } from "../src/cli/engines.ts";
import { PROGRAM, programTree } from "./support/run_program.ts";
import { ask, exit, fork, listen, pauseForever, reserve, sleep, tinyElf } from "./support/tiny_elf.ts";

/** Boots a program; gives how many processes it has then, and the guest time that it took in milliseconds. */
function boot(code: readonly number[], limits: Partial<BootLimits> = {}): { processes: number; ms: number } {
  const host = new BootHost(BOOT_EPOCH_MS, BOOT_SEED, () => {});
  const k = createGuest({
    tree: programTree(tinyElf(code)),
    ...PROGRAM,
    host,
    machine: interpreterMachine(() => {}),
  });
  bootToReady(k, host, new LastOutput(), () => performance.now(), { ...DEFAULT_BOOT_LIMITS, ...limits });
  return { processes: k.processes.size, ms: host.monotonicNs() / 1e6 };
}

const worker = fork({ child: pauseForever });

test("a server that makes its workers one after the other has all of them", () => {
  const pauses = [...worker, ...sleep(90)];
  expect(boot([...listen, ...pauses, ...pauses, ...pauses, ...worker, ...pauseForever]).processes).toBe(5);
});

test("a server that goes on waking up is ready soon", () => {
  // jmp back to the first byte of sleep
  const waking = [...sleep(20)], loop = [...waking, 0xeb, -(waking.length + 2) & 255];
  const { processes, ms } = boot([...listen, ...worker, ...loop]);
  expect(processes).toBe(2);
  expect(ms).toBeLessThan(400);
});

test("a server that never stops making processes is ready in time", () => {
  const step = [...worker, ...sleep(100)], loop = [...step, 0xeb, -(step.length + 2) & 255];
  expect(boot([...listen, ...loop], { graceMs: 700 }).ms).toBeLessThan(900);
});

test("a server that waits for connections alone is ready at once", () => {
  expect(boot([...listen, ...pauseForever]).ms).toBeLessThan(1);
});

test("a server that goes into the background is told of", () => {
  const daemon = [...fork({ child: [...listen, ...pauseForever] }), ...sleep(50), ...exit(0)];
  expect(() => boot(daemon)).toThrow(
    "exited with status 0, and its container with it: program (process 2) was left in the background",
  );
  expect(() => boot([...fork({ child: pauseForever }), ...sleep(50), ...exit(3)])).toThrow(
    "exited with status 3 before it listened",
  );
});

test("what a server asked for in vain is told when it ends", () => {
  expect(() => boot([...ask(100_000), ...reserve(10), ...exit(1)])).toThrow(
    "exited with status 1 before it listened; it asked for system calls that are not there: syscall 100000; " +
      "it was refused a mapping of 10.0 GiB: addresses end at 4 GiB; it wrote nothing",
  );
  expect(() => boot([...reserve(1), ...exit(1)])).toThrow("exited with status 1 before it listened; it wrote nothing");
});
