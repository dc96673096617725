import { expect, it } from "vitest";
import type { FileCode, LaterCode } from "./code_cache.ts";
import { MappedFiles } from "./mapped_files.ts";

const code = (name: string) => ({ name }) as FileCode;

/** Code that is there when somebody has waited for it. */
class Later implements LaterCode {
  code: FileCode | undefined;
  waits = 0;
  constructor(readonly made: FileCode | undefined, public isWorth = true) {}

  isWorthWaiting(): boolean {
    return this.isWorth;
  }

  functionAt(): null {
    return null;
  }

  wait(): FileCode | undefined {
    this.waits++;
    return this.code = this.made;
  }
}

it("knows what is mapped where, until something else is", () => {
  const files = new MappedFiles(), one = code("one");
  expect(files.map(1, 0x1000, 0x3000, () => ({ code: one }))).toEqual([one]);
  expect(files.map(2, 0x4000, 0x5000, () => undefined)).toEqual([]);
  expect([0xfff, 0x1000, 0x2fff, 0x3000, 0x4000].map((pc) => files.at(pc)?.file)).toEqual([
    undefined,
    1,
    1,
    undefined,
    2,
  ]);
  expect(files.codes()).toEqual([one]);
  files.map(3, 0x2000, 0x2001, () => undefined);
  expect([...files].map(({ file }) => file)).toEqual([2, 3]);
  files.unmap(0x4fff, 0x9000);
  expect([...files].map(({ file }) => file)).toEqual([3]);
});

it("waits for code when its file is first got to, if that is worth it", () => {
  const files = new MappedFiles(), later = new Later(code("later"), false);
  expect(files.map(1, 0x1000, 0x2000, () => ({ later }))).toEqual([]);
  expect([files.arrivalAt(0x1800), files.arrivalAt(0x5000), later.waits]).toEqual([undefined, undefined, 0]);
  later.isWorth = true;
  expect(files.arrivalAt(0x1800)).toBe(later.made);
  expect([files.arrivalAt(0x1800), later.waits]).toEqual([undefined, 1]);
  expect(files.codes()).toEqual([later.made]);
});

it("does not wait again for what will not come", () => {
  const files = new MappedFiles(), later = new Later(undefined);
  files.map(1, 0x1000, 0x2000, () => ({ later }));
  expect([files.arrivalAt(0x1800), files.arrivalAt(0x1800), later.waits]).toEqual([undefined, undefined, 1]);
});

it("begins with what others have waited for: in a new process, and in a copy", () => {
  const later = new Later(code("later")), find = () => ({ later });
  const first = new MappedFiles(), parent = new MappedFiles(), child = new MappedFiles();
  first.map(1, 0x1000, 0x2000, find);
  parent.map(1, 0x1000, 0x2000, find);
  first.arrivalAt(0x1000);
  expect(new MappedFiles().map(1, 0x1000, 0x2000, find)).toEqual([later.made]);
  child.copyFrom(parent);
  expect([parent.codes(), child.codes(), later.waits]).toEqual([[], [later.made], 1]);
});

it("has what is there of a file's code from the start, and the rest behind it when that has come", () => {
  const now = code("now"), later = new Later(code("later")), find = () => ({ code: now, later });
  const first = new MappedFiles(), second = new MappedFiles();
  expect(first.map(1, 0x1000, 0x2000, find)).toEqual([now]);
  expect(first.arrivalAt(0x1000)).toBe(later.made);
  expect(first.codes()).toEqual([now, later.made]);
  expect(second.map(1, 0x1000, 0x2000, find)).toEqual([now, later.made]);
});
