import { describe, expect, it } from "vitest";
import { listTree, mergeTars, tarOf, type TarSpec } from "../image/_testing.ts";
import { lookup, lookupNoFollow } from "./lookup.ts";
import { packTree } from "./pack.ts";
import type { PackedTreeBytes } from "./pack_format.ts";
import { openPackedTree } from "./packed_tree.ts";
import type { Tree } from "./tree.ts";
import { walkTree } from "./walk.ts";

const specs: TarSpec[] = [
  { path: "etc/passwd", content: "root:x:0:0::/root:/bin/sh\n", mode: 0o600, uid: 7, gid: 8, mtime: -5 },
  { path: "etc/copy", content: "root:x:0:0::/root:/bin/sh\n" },
  { path: "etc/hard", type: "hardlink", linkPath: "etc/passwd" },
  { path: "link", type: "symlink", linkPath: "etc/passwd" },
  { path: "pipe", type: "fifo" },
  { path: "empty", content: "" },
  { path: "empty directory", type: "directory", mode: 0o1777 },
  { path: "é/😀", content: "x".repeat(1000) },
];
const { tree } = await mergeTars([tarOf(specs)]);

function facts(tree: Tree) {
  return [...walkTree(tree)].map(({ path, number, inode }) => ({ path, ...inode, content: [...tree.read(number)] }));
}

function damaged(change: (index: DataView, chunks: Uint8Array[]) => void): PackedTreeBytes {
  const { index, chunks, groups } = packTree(tree);
  const copies = chunks.map((chunk) => chunk.slice());
  change(new DataView(index.buffer), copies);
  return { index, chunks: copies, groups };
}

describe("a packed tree", () => {
  it("is the tree that was packed", () => {
    const packed = openPackedTree(packTree(tree));
    expect(facts(packed)).toEqual(facts(tree));
    expect(listTree(packed)).toEqual(listTree(tree));
    expect(lookup(packed, "/etc/hard")).toBe(lookup(packed, "/etc/passwd"));
  });

  it("has the same bytes however its entries came", async () => {
    const { tree: other } = await mergeTars([tarOf([...specs.slice(3).reverse(), ...specs.slice(0, 3)]), tarOf([])]);
    // Directories that no entry describes are the same in both orders.
    expect(packTree(other)).toEqual(packTree(tree));
    expect(packTree(openPackedTree(packTree(tree)))).toEqual(packTree(tree));
  });

  it("stores identical files once", () => {
    const { chunks } = packTree(tree);
    expect(chunks.map((chunk) => chunk.length)).toEqual([1000 + 26]);
  });

  it("reads a file as a view of its chunk", () => {
    const bytes = packTree(tree);
    const packed = openPackedTree(bytes);
    expect(packed.read(lookup(packed, "/é/😀")!).buffer).toBe(bytes.chunks[0].buffer);
  });

  it("can be split in chunks, small files whole and large ones across", () => {
    for (const chunkBytes of [1, 7, 26, 300, 1000, 1026]) {
      const bytes = packTree(tree, { chunkBytes });
      expect(Math.max(...bytes.chunks.map((chunk) => chunk.length))).toBeLessThanOrEqual(chunkBytes);
      expect(facts(openPackedTree(bytes))).toEqual(facts(tree));
    }
  });

  it("keeps names that are not UTF-8", async () => {
    const { tree: odd } = await mergeTars([tarOf([{ path: "plain", type: "symlink", linkPath: "x" }])]);
    const oddTree: Tree = {
      root: odd.root,
      inode: (number) => number === odd.root ? odd.inode(number) : { ...odd.inode(number), target: "\udcfe" },
      children: (number) => number === odd.root ? new Map([["\udcff.txt", 2]]) : odd.children(number),
      read: (number) => odd.read(number),
      readInto: (number, position, target, at, length) => odd.readInto(number, position, target, at, length),
      bring: () => true,
    };
    const packed = openPackedTree(packTree(oddTree));
    expect(packed.inode(lookupNoFollow(packed, "/\udcff.txt")!).target).toBe("\udcfe");
  });

  it("refuses to be asked for inodes that it does not have", () => {
    const packed = openPackedTree(packTree(tree));
    for (const number of [0, -1, 1.5, 1000, NaN]) expect(() => packed.inode(number)).toThrow("no inode");
  });
});

describe("opening a damaged pack fails with one clear line", () => {
  const inodeAt = (number: number) => 32 + (number - 1) * 36;
  const open = (change: (index: DataView, chunks: Uint8Array[]) => void) =>
    expect(() => openPackedTree(damaged(change)));

  it("when it is something else or of another version", () => {
    expect(() => openPackedTree({ index: new Uint8Array(10), chunks: [], groups: [] })).toThrow(
      "too short for the index",
    );
    open((index) => index.setUint32(0, 1)).toThrow("not the index of a packed rootfs");
    open((index) => index.setUint32(4, 9, true)).toThrow("packed rootfs has version 9, this one reads 3");
  });

  it("when lengths do not add up", () => {
    open((index) => index.setUint32(8, 1000, true)).toThrow("its header asks for");
    open((_, chunks) => chunks.push(new Uint8Array(1))).toThrow("2 chunks given, the index asks for 1");
    open((_, chunks) => chunks[0] = chunks[0].subarray(1)).toThrow("chunk 0 has 1025 bytes instead of 1026");
  });

  it("when the root is no directory", () => {
    open((index) => index.setUint8(inodeAt(1), 0)).toThrow("packed rootfs, offset 32: the root is not a directory");
  });

  it("when attributes or link counts are wrong", () => {
    open((index) => index.setUint8(inodeAt(2), 9)).toThrow("inode 2 has attributes out of range");
    open((index) => index.setUint32(inodeAt(3) + 12, 9, true)).toThrow("has a wrong link count");
    open((index) => index.setFloat64(inodeAt(2) + 16, NaN, true)).toThrow("inode 2 has attributes out of range");
  });

  it("whatever single byte of the index is set to another value, or reads in bounds", () => {
    const { index } = packTree(tree);
    for (let at = 0; at < index.length; at++) {
      for (const value of [0, 1, 0x2f, 0x7f, 0xff]) {
        const bytes = damaged((view) => view.setUint8(at, value));
        let opened: Tree;
        try {
          opened = openPackedTree(bytes);
        } catch (error) {
          expect(error).toMatchObject({ name: "TranslatorError" });
          continue;
        }
        // Cycles would never end here.
        for (const fact of facts(opened)) expect(fact.content.length).toBe(fact.type === "file" ? fact.size : 0);
      }
    }
  });
});
