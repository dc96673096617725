import { expect, it } from "vitest";
import { makeTestElf, TEST_CODE } from "../elf/_testing.ts";
import { lookup } from "../rootfs/lookup.ts";
import { directoryNode, fileNode, freeze } from "../rootfs/node.ts";
import { FunctionStarts } from "./function_starts.ts";

const ATTRIBUTES = { mode: 0o755, uid: 0, gid: 0, mtime: 0, mtimeNs: 0 };
const PLACE = 0x500000, CODE = PLACE + TEST_CODE, END = CODE + 0x1000, ELSEWHERE = 0x700000;

it("knows functions where programs have mapped their files, also those mapped later", () => {
  const root = directoryNode(ATTRIBUTES);
  const elf = makeTestElf({
    code: [0xc3, 0x90, 0x90, 0xc3],
    defined: [{ name: "f", address: TEST_CODE }, { name: "g", address: TEST_CODE + 3 }],
  });
  root.children.set("a.so", { node: fileNode(ATTRIBUTES, elf), layer: 0 });
  root.children.set("no_elf", { node: fileNode(ATTRIBUTES, new Uint8Array(100)), layer: 0 });
  const tree = freeze(root), file = (path: string) => lookup(tree, path)!;
  const programs = new Map([["p", { files: new Map<number, { start: number; end: number }>() }]]);
  const starts = new FunctionStarts(tree, programs);
  const found = () => [CODE, CODE + 1, CODE + 3, END, ELSEWHERE].map((pc) => starts.has(pc));
  expect(found()).toEqual([false, false, false, false, false]);
  programs.get("p")!.files.set(file("/a.so"), { start: CODE, end: END });
  programs.set("q", { files: new Map([[file("/no_elf"), { start: ELSEWHERE, end: ELSEWHERE + 0x1000 }]]) });
  expect(found()).toEqual([true, false, true, false, false]);
});
