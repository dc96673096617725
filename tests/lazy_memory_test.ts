/** A server with many processes, restored: only those that have something to do get their memory back. */
import { expect, test } from "vitest";
import { createGuest } from "../src/boot/guest.ts";
import { jitMachine } from "../src/cli/engines.ts";
import { NodeHost } from "../src/cli/node_host.ts";
import { captureSnapshot, SavedGuest } from "../src/snapshot/snapshot.ts";
import { GUEST_BIAS } from "../src/machine/state.ts";
import { PROGRAM, programTree } from "./support/run_program.ts";
import { accept, answer, fork, listen, pauseForever, tinyElf } from "./support/tiny_elf.ts";

/** Four processes on one socket: two wait for a connection, two for a signal. */
const SERVER = [
  ...listen,
  ...fork({ child: pauseForever }),
  ...fork({ child: pauseForever }),
  ...fork({ child: [...accept, ...answer("HTTP/1.1 200 OK\r\n\r\none"), ...pauseForever] }),
  ...accept,
  ...answer("HTTP/1.1 200 OK\r\n\r\nother"),
  ...pauseForever,
];

test("processes that wait on get no memory after a restore", () => {
  const tree = programTree(tinyElf(SERVER)), host = new NodeHost(), machine = jitMachine(() => {});
  const console = { write: () => {} };
  const booted = createGuest({ tree, ...PROGRAM, host, machine, console });
  expect(booted.run(1e9)).toBe("idle");

  let made = 0;
  const k = new SavedGuest(captureSnapshot(booted)).restore({
    tree,
    host,
    console,
    newMachine: (bytes) => {
      made++;
      const fresh = machine.blank("");
      fresh.memory.growTo(bytes + GUEST_BIAS);
      return fresh;
    },
  });
  expect(k.processes.size).toBe(4);
  expect(k.run(1e9)).toBe("idle");
  expect(made).toBe(0);
  const connection = k.net.hostConnect("first")!;
  k.run(1e9);
  expect(new TextDecoder().decode(connection.read() as Uint8Array)).toMatch(/^HTTP\/1.1 200 OK\r\n\r\n(one|other)$/);
  // A connection wakes one of those that accept.
  expect(made).toBe(1);
  k.net.hostConnect("first");
  k.run(1e9);
  expect(made).toBe(2);
});
