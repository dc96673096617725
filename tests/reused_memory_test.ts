/** Where each request has an instance of its own, memories serve one after the other: each begins as the snapshot has it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Buffer } from "node:buffer";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildImage } from "../fixtures/build_image.ts";
import { NodeHost } from "../src/cli/node_host.ts";
import { translateImage } from "../src/cli/translate_image.ts";
import { IrMissInterpreter } from "../src/jit/miss_interpreter.ts";
import { MAP_ANONYMOUS, MAP_PRIVATE, PAGE_SIZE, PROT_EXEC, PROT_READ, PROT_WRITE } from "../src/kernel/abi/mman.ts";
import type { AddressSpace } from "../src/kernel/memory/address_space.ts";
import { Vma } from "../src/kernel/memory/vma.ts";
import { RECENT_BYTES, RECENT_START } from "../src/machine/recent_lookups.ts";
import { GUEST_BIAS } from "../src/machine/state.ts";
import type { WasmMachine } from "../src/machine/wasm_machine.ts";
import { groupFile, groupSource } from "../src/package/compressed_files.ts";
import type { Manifest } from "../src/package/manifest.ts";
import { App, type AppInstance } from "../src/serve/app.ts";
import { addressSpaces } from "../src/snapshot/snapshot.ts";

const HELLO = fileURLToPath(new URL("../fixtures/images/hello", import.meta.url));
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "lighter-reused-"));
  writeFileSync(join(folder, "hello.tar"), buildImage(HELLO));
  await translateImage(join(folder, "hello.tar"), { out: join(folder, "out"), targets: ["workers"] });
});
afterAll(() => rmSync(folder, { recursive: true }));

class SilentHost extends NodeHost {
  override log(): void {}
}

/** The app as worker.js has it. */
function openApp(poolBytes: number): App {
  const read = (file: string) => new Uint8Array(readFileSync(join(folder, "out", file)));
  const manifest = JSON.parse(readFileSync(join(folder, "out/lighter.json"), "utf8")) as Manifest;
  const files = [{ name: "base", file: "base.wasm" }, ...manifest.modules];
  return new App({
    manifest,
    data: App.readData(read(manifest.data), manifest),
    groups: groupSource({ read: (group) => read(groupFile(group)) }),
    modules: Object.fromEntries(files.map(({ name, file }) => [name, new WebAssembly.Module(read(file))])),
    host: new SilentHost(),
    compiler: null,
    interpreter: new IrMissInterpreter(),
    poolBytes,
  });
}

const POOL_BYTES = 48 << 20;

function spaceOf({ kernel }: AppInstance): AddressSpace {
  const spaces = addressSpaces(kernel);
  expect(spaces).toHaveLength(1);
  return spaces[0];
}

const hasFixed = (space: AddressSpace) => (space.machine as WasmMachine).hasFixed;

/** All bytes that are the guest's, up to the last that is not zero. */
function bytesOf(space: AddressSpace): Uint8Array {
  const bytes = space.machine.memory.u8.slice();
  bytes.fill(0, RECENT_START, RECENT_START + RECENT_BYTES);
  return bytes.subarray(0, bytes.findLastIndex((byte) => byte !== 0) + 1);
}

function answerOf(instance: AppInstance): string {
  const connection = instance.net.hostConnect("first")!;
  connection.write(new TextEncoder().encode("GET /hello?name=you HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));
  let text = "";
  for (let turns = 0; turns < 100; turns++) {
    instance.run(20e6);
    for (let bytes; (bytes = connection.read()) !== null;) {
      if (typeof bytes === "string") return text;
      text += new TextDecoder().decode(bytes);
    }
  }
  throw new Error(`no end of ${text}`);
}

/** Writes to every byte that the program may write, as far as it has memory. */
function scribble(space: AddressSpace): void {
  const { u8 } = space.machine.memory;
  for (const { start, end, prot } of space.vmas) {
    if (prot & PROT_WRITE) u8.fill(0xa5, start - GUEST_BIAS, end - GUEST_BIAS);
  }
}

/** What programs do to their mappings. True if what they could not write may have changed. */
const CHANGES: Record<string, (space: AddressSpace, instance: AppInstance) => boolean> = {
  "nothing but stores": () => false,
  "another mapping": (space, { kernel }) => {
    const at = space.findHole(kernel, 3 << 20, PROT_READ | PROT_WRITE);
    expect(space.insert(new Vma(at, at + (3 << 20), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS))).toBe(0);
    return false;
  },
  "another mapping that nobody may write any more": (space, { kernel }) => {
    const at = space.findHole(kernel, PAGE_SIZE, PROT_READ | PROT_WRITE);
    space.insert(new Vma(at, at + PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS));
    scribble(space);
    space.protect(at, at + PAGE_SIZE, PROT_READ);
    return false;
  },
  "data that nobody may write any more": (space) => {
    const data = space.vmas.find((v) => v.prot & PROT_WRITE && v.file !== null)!;
    scribble(space);
    space.protect(data.start, data.end, PROT_READ);
    return false;
  },
  "a stack that is unmapped": (space, { kernel }) => {
    const { start, end } = space.vmas.find((v) => v.name === "[stack]")!;
    space.remove(kernel, start, end);
    return false;
  },
  "code that is made writable, changed, and closed again": (space) => {
    const { start, end } = space.vmas.find((v) => v.prot === (PROT_READ | PROT_EXEC))!;
    space.protect(start, end, PROT_READ | PROT_WRITE);
    scribble(space);
    space.protect(start, end, PROT_READ | PROT_EXEC);
    return true;
  },
  "constants that are unmapped": (space, { kernel }) => {
    const { start } = space.vmas.find((v) => v.prot === PROT_READ && v.file !== null)!;
    space.remove(kernel, start, start + PAGE_SIZE);
    return true;
  },
  "something else where code was": (space, { kernel }) => {
    const { start } = space.vmas.find((v) => v.prot === (PROT_READ | PROT_EXEC))!;
    space.remove(kernel, start, start + PAGE_SIZE);
    space.insert(new Vma(start, start + PAGE_SIZE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS));
    space.machine.memory.u8.fill(0x5a, start - GUEST_BIAS, start + PAGE_SIZE - GUEST_BIAS);
    return true;
  },
};

describe("a memory that another instance had", () => {
  let app: App, fresh: Uint8Array, answer: string;
  beforeAll(() => {
    app = openApp(POOL_BYTES);
    const first = app.newInstance();
    fresh = bytesOf(spaceOf(first));
    answer = answerOf(first);
    expect(answer).toContain("Hello, you!");
    expect(fresh.length).toBeGreaterThan(100_000);
    first.dispose();
  });

  test.each(Object.entries(CHANGES))("is what the snapshot has, after %s", (_, change) => {
    for (let round = 0; round < 3; round++) {
      const used = app.newInstance();
      expect(answerOf(used)).toBe(answer);
      const mayBeOther = change(spaceOf(used), used);
      scribble(spaceOf(used));
      used.dispose();
      const next = app.newInstance(), space = spaceOf(next);
      expect(hasFixed(space)).toBe(!mayBeOther);
      expect(Buffer.compare(bytesOf(space), fresh)).toBe(0);
      expect(answerOf(next)).toBe(answer);
      next.dispose();
    }
  });

  test("is what the snapshot has after all of them, one after the other", () => {
    for (const change of Object.values(CHANGES)) {
      const used = app.newInstance();
      change(spaceOf(used), used);
      scribble(spaceOf(used));
      used.dispose();
    }
    const next = app.newInstance();
    expect(Buffer.compare(bytesOf(spaceOf(next)), fresh)).toBe(0);
    expect(answerOf(next)).toBe(answer);
  });
});

test("of a stack only what was used is looked at", () => {
  const app = openApp(POOL_BYTES), first = app.newInstance(), space = spaceOf(first);
  const { start } = space.vmas.find((v) => v.name === "[stack]")!, u8 = space.machine.memory.u8;
  const fresh = bytesOf(space);
  answerOf(first);
  // Deep down, where no call has left anything on the way.
  u8[start - GUEST_BIAS] = 1;
  first.dispose();
  const second = app.newInstance(), bytes = bytesOf(spaceOf(second));
  expect(bytes[start - GUEST_BIAS]).toBe(1);
  bytes[start - GUEST_BIAS] = 0;
  expect(Buffer.compare(bytes, fresh)).toBe(0);
  // Mapped anew it has to be zero.
  spaceOf(second).protect(start, start + PAGE_SIZE, PROT_READ);
  answerOf(second);
  second.dispose();
  expect(Buffer.compare(bytesOf(spaceOf(app.newInstance())), fresh)).toBe(0);
});

test("a memory that was looked at is kept, though its process did not run", () => {
  const app = openApp(POOL_BYTES), first = app.newInstance(), fresh = bytesOf(spaceOf(first));
  first.dispose();
  // Whoever has given it back does not give it back again.
  first.dispose();
  const [next, other] = [app.newInstance(), app.newInstance()].map(spaceOf);
  expect([hasFixed(next), hasFixed(other)]).toEqual([true, false]);
  expect(next.machine.memory.u8.buffer).not.toBe(other.machine.memory.u8.buffer);
  expect([Buffer.compare(bytesOf(next), fresh), Buffer.compare(bytesOf(other), fresh)]).toEqual([0, 0]);
});

test("what one request needed is kept for the next, however little the pool is meant to hold", () => {
  const app = openApp(1);
  for (let round = 0; round < 3; round++) {
    const instance = app.newInstance();
    expect(answerOf(instance)).toContain("Hello, you!");
    expect(hasFixed(spaceOf(instance))).toBe(round > 0);
    instance.dispose();
  }
  // Two at a time: there is room for one.
  const two = [app.newInstance(), app.newInstance()];
  for (const instance of two) answerOf(instance);
  for (const instance of two) instance.dispose();
  const after = [app.newInstance(), app.newInstance()];
  expect(after.map((instance) => hasFixed(spaceOf(instance)))).toEqual([true, false]);
});
