import { deflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { mergeTars, tarOf, type TarSpec } from "../image/_testing.ts";
import { FrameCache } from "./frame_cache.ts";
import { FRAME_CONTENT_BYTES } from "./frames.ts";
import { lookup } from "./lookup.ts";
import { packTree } from "./pack.ts";
import { checkedLayout } from "./pack_check.ts";
import type { PackedTreeBytes } from "./pack_format.ts";
import { openPackedTree } from "./packed_tree.ts";
import { RecordingTree } from "./recording_tree.ts";
import type { Tree } from "./tree.ts";
import { walkTree } from "./walk.ts";

const FRAME = FRAME_CONTENT_BYTES;

function bytesOf(length: number, seed: number, range: number): Uint8Array {
  return Uint8Array.from({ length }, () => ((seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff) >> 8) % range);
}

const LARGE = bytesOf(3 * FRAME + 1000, 1, 7), RANDOM = bytesOf(FRAME + 5000, 2, 256);
const specs: TarSpec[] = [
  { path: "etc/wanted", content: "read at start\n".repeat(100) },
  { path: "etc/same as wanted", content: "read at start\n".repeat(100) },
  { path: "large", content: LARGE },
  { path: "random", content: RANDOM },
  { path: "empty", content: "" },
  { path: "link", type: "symlink", linkPath: "large" },
  ...Array.from({ length: 50 }, (_, i): TarSpec => ({ path: `small/${i}`, content: `file ${i}\n`.repeat(i * 20) })),
];
const { tree } = await mergeTars([tarOf(specs)]);
const numberOf = (path: string) => lookup(tree, path)!;

/** All but the wanted file in frames. */
function packed(): PackedTreeBytes {
  const wanted = lookup(plain, "/etc/wanted")!;
  return packTree(plain, { compress: { isWanted: (file) => file === wanted, compress: (b) => deflateRawSync(b) } });
}
const plain = openPackedTree(packTree(tree));
const stored = ({ groups }: PackedTreeBytes) => groups.reduce((n, { length }) => n + length, 0);

function facts(tree: Tree) {
  return [...walkTree(tree)].map(({ path, number, inode }) => ({ path, number, ...inode }));
}

describe("a pack with compressed contents", () => {
  const bytes = packed();

  it("is the tree that was packed, with the same numbers", () => {
    const opened = openPackedTree(bytes);
    expect(facts(opened)).toEqual(facts(plain));
    for (const { number, inode } of walkTree(plain)) {
      if (inode.type !== "file") continue;
      expect(Buffer.compare(opened.read(number), plain.read(number)), `inode ${number}`).toBe(0);
    }
  });

  it("has what is wanted, and what is equal to it, in chunks, and is smaller", () => {
    expect(bytes.chunks.map((chunk) => chunk.length)).toEqual(["read at start\n".length * 100]);
    expect(stored(bytes)).toBeLessThan(LARGE.length / 2 + RANDOM.length);
  });

  it("stores what does not compress as it is", () => {
    // A frame of random bytes alone is among the frames.
    const isIn = (group: Uint8Array) => Buffer.from(group).indexOf(RANDOM.subarray(-5000 - 1000, -5000)) >= 0;
    expect(bytes.groups.filter(isIn).length).toBe(1);
  });

  it("reads at offsets, within a frame and across", () => {
    const opened = openPackedTree(bytes, { keptBytes: FRAME });
    const target = new Uint8Array(LARGE.length + 20);
    const ends = [0, 1, 999, FRAME - 1, FRAME, FRAME + 1, 2 * FRAME, 3 * FRAME, LARGE.length];
    for (const from of ends) {
      for (const to of ends.filter((end) => end >= from)) {
        target.fill(0xee);
        opened.readInto(numberOf("/large"), from, target, 10, to - from);
        expect(Buffer.compare(target.subarray(10, 10 + to - from), LARGE.subarray(from, to)), `${from} to ${to}`).toBe(
          0,
        );
        expect([target[9], target[10 + to - from]]).toEqual([0xee, 0xee]);
      }
    }
  });

  it("tells sizes, and reads what is not compressed, without expanding anything", () => {
    const opened = openPackedTree({ ...bytes, groups: bytes.groups.map(({ length }) => new Uint8Array(length)) });
    expect(facts(opened)).toEqual(facts(plain));
    expect(opened.read(numberOf("/etc/same as wanted")).length).toBe(1400);
    expect(() => opened.read(numberOf("/large"))).toThrow("packed rootfs: frame");
  });

  it("names a damaged frame when it is read, each time", () => {
    const groups = bytes.groups.map((group) => group.slice());
    groups[0].fill(0xff, 0, 4);
    const opened = openPackedTree({ ...bytes, groups }, { name: "app.data.wasm" });
    for (let i = 0; i < 2; i++) {
      expect(() => opened.readInto(numberOf("/large"), 0, new Uint8Array(10), 0, 10)).toThrow(
        "app.data.wasm: frame 0 of the contents: damaged deflate data: invalid",
      );
    }
  });

  it("is refused when its frames do not add up", () => {
    const open = (change: (index: DataView, first: number, last: number) => void, groups = bytes.groups) => {
      const index = bytes.index.slice(), { framesAt, frameCount } = checkedLayout(bytes, "pack");
      change(new DataView(index.buffer), framesAt, framesAt + (frameCount - 1) * 12);
      return expect(() => openPackedTree({ ...bytes, index, groups }));
    };
    open(() => {}, bytes.groups.slice(1)).toThrow(`${bytes.groups.length - 1} groups of frames given`);
    open((index, at) => index.setUint32(at, 0, true)).toThrow("frame 0 has 0 bytes for");
    open((index, at) => index.setUint32(at + 4, 1 << 21, true)).toThrow(`for ${1 << 21}`);
    open((index, at) => index.setUint32(at + 4, 10, true)).toThrow("frame 0 has");
    open((index, _, last) => index.setUint32(last + 4, index.getUint32(last + 4, true) - 1, true))
      .toThrow("outside of the chunks and frames");
  });
});

describe("frames that are kept", () => {
  const bytes = packed();
  const cache = (limit: number) =>
    new FrameCache(bytes.index, bytes.groups, checkedLayout(bytes, "pack"), "pack", limit);

  it("are those read last, within the limit", () => {
    const frames = cache(2 * FRAME);
    const first = frames.get(0), second = frames.get(1);
    expect(frames.get(0)).toBe(first);
    frames.get(2);
    expect(frames.keptBytes).toBe(2 * FRAME);
    expect(frames.get(0)).toBe(first);
    expect(frames.get(1)).not.toBe(second);
    expect(frames.get(1)).toEqual(second);
    expect(frames.keptBytes).toBe(2 * FRAME);
  });

  it("are one at least", () => {
    const frames = cache(0);
    expect(frames.get(0)).toBe(frames.get(0));
    frames.get(1);
    expect(frames.keptBytes).toBe(FRAME);
  });

  it("take no more than compression saves", () => {
    const frames = cache(Infinity), { frameCount } = checkedLayout(bytes, "pack");
    let all = 0;
    for (let i = 0; i < frameCount; i++) all += frames.get(i).length;
    expect(frames.keptBytes).toBeGreaterThan(FRAME);
    expect(frames.keptBytes).toBeLessThanOrEqual(all - stored(bytes));
  });
});

it("a recording tree knows what was read, not what was looked at", () => {
  const recording = new RecordingTree(tree);
  expect(facts(recording)).toEqual(facts(tree));
  expect(recording.filesRead.size).toBe(0);
  recording.readInto(numberOf("/large"), 5, new Uint8Array(3), 0, 3);
  expect(recording.read(numberOf("/random"))).toBe(tree.read(numberOf("/random")));
  expect([...recording.filesRead].sort()).toEqual([numberOf("/large"), numberOf("/random")].sort());
});
