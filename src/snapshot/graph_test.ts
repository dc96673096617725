import { describe, expect, test } from "vitest";
import type { Step } from "../machine/_fake.ts";
import { FakeMachine } from "../machine/_fake.ts";
import { BytesFile, DATA, Harness } from "../kernel/_harness.ts";
import { FUTEX_WAIT, FUTEX_WAKE } from "../kernel/abi/futex.ts";
import * as sys from "../kernel/abi/syscall_numbers.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { ClassRegistry } from "./class_registry.ts";
import { forgottenFields, saveGraph } from "./graph.ts";
import { restoreGraph } from "./saved_graph.ts";
import { kernelClasses } from "./kernel_classes.ts";
import { FakeHost } from "../host/fake.ts";

class Animal {
  static readonly savedFields: readonly string[] = ["name"];
  name = "";
  restored = false;
  afterRestore(): void {
    this.restored = true;
  }
}
class Bird extends Animal {
  static override readonly savedFields: readonly string[] = ["wings"];
  wings = 2;
  readonly cache = {};
}

describe("graph", () => {
  test("values of every kind come back", () => {
    const value = {
      numbers: [0, 1, -1, 127, 128, 2 ** 31, 2 ** 52, -(2 ** 40), 0.5, -0, NaN, Infinity, -Infinity],
      text: "a\u0000é𝄞\udc80",
      big: [12n, -(2n ** 70n)],
      none: [undefined, null, true, false],
      map: new Map<unknown, unknown>([[1, "x"], ["k", new Set([1, 2])]]),
      bytes: new Uint8Array([1, 2, 3]).subarray(1),
      doubles: new Float64Array([1.5]),
      words: new Uint32Array([0xffffffff]),
    };
    expect(restoreGraph(saveGraph(value, new ClassRegistry()), new ClassRegistry())).toEqual(value);
  });

  test("shared references and cycles stay what they are", () => {
    const shared = { n: 1 };
    const root: Record<string, unknown> = { a: shared, b: shared, list: [] };
    root.self = root;
    (root.list as unknown[]).push(root);
    const copy = restoreGraph(saveGraph(root, new ClassRegistry()), new ClassRegistry()) as typeof root;
    expect(copy.a).toBe(copy.b);
    expect(copy.self).toBe(copy);
    expect((copy.list as unknown[])[0]).toBe(copy);
  });

  test("instances keep their class; a subclass saves its parent's fields too; afterRestore runs", () => {
    const registry = new ClassRegistry([["Animal", Animal], ["Bird", Bird]]);
    const bird = new Bird();
    bird.name = "wren";
    bird.wings = 1;
    const copy = restoreGraph(saveGraph([bird], registry), registry) as Bird[];
    expect(copy[0]).toBeInstanceOf(Bird);
    expect(copy[0]).toMatchObject({ name: "wren", wings: 1, restored: true });
    expect(forgottenFields(bird, registry)).toEqual(["Bird.cache", "Bird.restored"]);
  });

  test("the same graph gives the same bytes", () => {
    const make = () => ({ list: [1, { x: new Map([["a", 1]]) }], s: "text" });
    expect(saveGraph(make(), new ClassRegistry())).toEqual(saveGraph(make(), new ClassRegistry()));
  });

  test("external objects are named, not saved", () => {
    const host = new FakeHost(), other = new FakeHost();
    const saving = new ClassRegistry(), restoring = new ClassRegistry();
    saving.addExternal("host", host);
    restoring.addExternal("host", other);
    expect((restoreGraph(saveGraph({ host }, saving), restoring) as { host: FakeHost }).host).toBe(other);
    expect(() => restoreGraph(saveGraph({ host }, saving), new ClassRegistry())).toThrow(/refers to host/);
  });

  test("what cannot be saved is named with its path", () => {
    expect(() => saveGraph({ a: [{ b: new Bird() }] }, new ClassRegistry())).toThrow(/class Bird .* root\.a\[0\]\.b/);
    expect(() => saveGraph({ f: () => 1 }, new ClassRegistry())).toThrow(/function at root\.f/);
  });

  test("other versions and damaged bytes are refused", () => {
    const registry = new ClassRegistry([["Animal", Animal]]);
    const bytes = saveGraph(new Animal(), registry);
    const newer = bytes.slice();
    newer[4] = 9;
    expect(() => restoreGraph(newer, registry)).toThrow(/version 9/);
    expect(() => restoreGraph(bytes.subarray(0, bytes.length - 1), registry)).toThrow(/truncated/);
    expect(() => restoreGraph(new Uint8Array(8), registry)).toThrow(/not a snapshot/);
    expect(() => restoreGraph(bytes, new ClassRegistry())).toThrow(/class Animal/);
  });

  test("a chain of any length does not overflow the stack", () => {
    let chain: object = {};
    for (let i = 0; i < 100_000; i++) chain = { chain };
    expect(restoreGraph(saveGraph(chain, new ClassRegistry()), new ClassRegistry())).toBeTypeOf("object");
  });
});

test("a kernel with blocked tasks is saved, restored on another host, and goes on", () => {
  const h = new Harness();
  const CHILD = 0x700000, seen: (string | number)[] = [];
  const sleep: Step = (cpu) => {
    cpu.write64(DATA + 16, 3);
    cpu.write64(DATA + 24, 0);
    cpu.syscall(sys.SYS_nanosleep, DATA + 16, 0);
  };
  h.code.place(CHILD, [sleep, (cpu) => {
    seen.push("child wakes the futex");
    cpu.syscall(sys.SYS_futex, DATA, FUTEX_WAKE, 1);
  }, (cpu) => cpu.syscall(sys.SYS_exit, 0)]);
  const THREAD = 0x10f00;
  h.start([
    (cpu) => cpu.syscall(sys.SYS_clone, THREAD, DATA + 0x2000, 0, 0, 0),
    (cpu) => void (cpu.rax === 0 && cpu.jump(CHILD)),
    (cpu) => cpu.syscall(sys.SYS_futex, DATA, FUTEX_WAIT, 0xdddddddd, 0, 0, 0),
    (cpu) => {
      seen.push(cpu.rax);
      cpu.syscall(sys.SYS_exit_group, 2);
    },
  ]);
  expect(h.kernel.run()).toBe("idle");
  const k = h.kernel;
  const registry = kernelClasses();
  registry.add("BytesFile", BytesFile);
  registry.addExternal("vfs", k.vfs);
  registry.addExternal("fs", h.process.fs);
  expect(forgottenFields(k, registry)).toEqual([]);
  const bytes = saveGraph(k, registry);
  const memory = h.process.machine.memory.u8.slice();

  const restored = restoreGraph(bytes, registry) as Kernel;
  const host = new FakeHost(5);
  restored.attach(host, k.syscalls);
  const p = restored.processes.get(1)!;
  const machine = new FakeMachine(h.code, h.process.machine.memory.guestEnd);
  machine.memory.u8.set(memory);
  machine.client = restored;
  p.space.attachLater(machine.memory.guestEnd, () => machine);

  expect(restored.run()).toBe("idle");
  const deadline = restored.nextDeadlineNs() - restored.clock.lastNs;
  expect(deadline).toBeGreaterThan(2e9);
  host.advanceNs(deadline + 1e6);
  expect(restored.run()).toBe("exited");
  expect(seen).toEqual(["child wakes the futex", 0]);
  expect(restored.exitStatus).toBe(2 << 8);
  expect(saveGraph(k, registry)).toEqual(bytes);
});
