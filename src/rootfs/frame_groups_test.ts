/** Compressed contents that are not there when the tree is opened. */
import { deflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { mergeTars, tarOf } from "../image/_testing.ts";
import { FRAME_CONTENT_BYTES } from "./frames.ts";
import { lookup } from "./lookup.ts";
import { packTree } from "./pack.ts";
import { groupFrames } from "./pack_format.ts";
import { openPackedTree } from "./packed_tree.ts";

const GROUP = groupFrames * FRAME_CONTENT_BYTES;

/** Lines that differ, so that no two frames are the same. */
const text = (lines: number) =>
  new TextEncoder().encode(Array.from({ length: lines }, (_, i) => `line ${i}\n`).join(""));

const LARGE = text(250_000), SMALL = text(100), WANTED = text(10);
const { tree } = await mergeTars([tarOf([
  { path: "large", content: LARGE },
  { path: "small", content: SMALL },
  { path: "wanted", content: WANTED },
  { path: "empty", content: "" },
])]);
const packed = packTree(tree, {
  compress: { isWanted: (file) => file === lookup(tree, "/wanted"), compress: (bytes) => deflateRawSync(bytes) },
});

/** A host that has the groups elsewhere; `answer` is what it brings. */
function open(answer: (group: number) => Promise<Uint8Array> = (group) => Promise.resolve(packed.groups[group])) {
  const fetched: number[] = [];
  const opened = openPackedTree({
    ...packed,
    groups: {
      fetch: (group) => {
        fetched.push(group);
        return answer(group);
      },
    },
  }, { name: "the pack" });
  const number = (path: string) => lookup(opened, path)!;
  /** Null when it is brought, else the problem; throws if it is here. */
  const bring = (path: string) =>
    new Promise<string | null>((resolve, reject) => {
      if (opened.bring(number(path), resolve)) reject(new Error("it is here"));
    });
  const isHere = (path: string) => opened.bring(number(path), () => {});
  return { opened, fetched, number, bring, isHere };
}

describe("groups of frames that a host has yet to bring", () => {
  it("are as many as the contents take", () => {
    expect(packed.groups.length).toBe(Math.ceil((LARGE.length + SMALL.length) / GROUP));
    expect(packed.groups.length).toBeGreaterThan(2);
  });

  it("are brought for a file, all that it needs and no others, once", async () => {
    const { opened, fetched, number, bring, isHere } = open();
    expect(await bring("/large")).toBeNull();
    expect(fetched).toEqual([...packed.groups.keys()].slice(0, Math.ceil(LARGE.length / GROUP)));
    expect(Buffer.compare(opened.read(number("/large")), LARGE)).toBe(0);
    const before = fetched.length;
    expect(isHere("/large")).toBe(true);
    expect(fetched.length).toBe(before);
  });

  it("are not asked for by what is in chunks, or empty, or no file", () => {
    const { fetched, isHere } = open();
    expect(["/wanted", "/empty", "/"].map(isHere)).toEqual([true, true, true]);
    expect(fetched).toEqual([]);
  });

  it("are not read before they are brought", () => {
    const { opened, number } = open();
    expect(() => opened.read(number("/small"))).toThrow("is not here");
    expect(opened.inode(number("/small")).size).toBe(SMALL.length);
  });

  it("are asked for again when they could not be brought", async () => {
    let works = false;
    const { opened, number, bring } = open((group) =>
      works ? Promise.resolve(packed.groups[group]) : Promise.reject(new Error("no way"))
    );
    expect(await bring("/small")).toBe("no way");
    works = true;
    expect(await bring("/small")).toBeNull();
    expect(Buffer.compare(opened.read(number("/small")), SMALL)).toBe(0);
  });

  it("are refused when they are of another length", async () => {
    const { bring } = open((group) => Promise.resolve(packed.groups[group].subarray(1)));
    const last = packed.groups.length - 1, { length } = packed.groups[last];
    expect(await bring("/small")).toBe(
      `the pack: group ${last} of the compressed files has ${length - 1} bytes instead of ${length}`,
    );
  });

  it("may be fetched twice by two who want them at the same time", async () => {
    const { opened, fetched, number, bring } = open();
    expect(await Promise.all([bring("/small"), bring("/small")])).toEqual([null, null]);
    expect(fetched.length).toBe(2);
    expect(Buffer.compare(opened.read(number("/small")), SMALL)).toBe(0);
  });
});

it("groups that a host reads at once are read when something in them is", () => {
  const read: number[] = [];
  const opened = openPackedTree({ ...packed, groups: { read: (group) => (read.push(group), packed.groups[group]) } });
  const large = lookup(opened, "/large")!;
  expect(opened.bring(large, () => {})).toBe(true);
  expect(read).toEqual([]);
  opened.readInto(large, GROUP + 5, new Uint8Array(10), 0, 10);
  opened.readInto(large, GROUP + 50, new Uint8Array(10), 0, 10);
  expect(read).toEqual([1]);
});
