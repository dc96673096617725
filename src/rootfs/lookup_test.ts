import { describe, expect, it } from "vitest";
import { mergeTars, tarOf } from "../image/_testing.ts";
import { lookup, lookupNoFollow, readFileAt } from "./lookup.ts";
import { measureTree } from "./walk.ts";

const { tree } = await mergeTars([tarOf([
  { path: "usr/bin/sh", content: "shell" },
  { path: "bin", type: "symlink", linkPath: "usr/bin" },
  { path: "usr/bin/up", type: "symlink", linkPath: "../../../../usr/bin/sh" },
  { path: "loop", type: "symlink", linkPath: "loop" },
])]);

describe("lookup", () => {
  it("follows symbolic links and stays within the root", () => {
    const shell = lookupNoFollow(tree, "/usr/bin/sh");
    expect(shell).toBeDefined();
    expect([lookup(tree, "bin/sh"), lookup(tree, "/bin/up"), lookup(tree, "/../../bin/./sh")]).toEqual([
      shell,
      shell,
      shell,
    ]);
  });

  it("finds nothing where there is nothing, or below a file", () => {
    expect([lookup(tree, "/nope"), lookup(tree, "/bin/sh/x"), lookup(tree, "/bin/sh/")]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it("gives the link itself when asked to, unless a slash follows", () => {
    expect(tree.inode(lookupNoFollow(tree, "/bin")!).type).toBe("symlink");
    expect(tree.inode(lookupNoFollow(tree, "/bin/")!).type).toBe("directory");
  });

  it("gives up on a loop", () => {
    expect(() => lookup(tree, "/loop")).toThrow("/loop: too many levels of symbolic links");
  });

  it("reads files only", () => {
    expect(new TextDecoder().decode(readFileAt(tree, "/bin/sh"))).toBe("shell");
    expect(readFileAt(tree, "/bin")).toBeUndefined();
  });

  it("is in line with a count of the tree", () => {
    expect(measureTree(tree)).toMatchObject({ names: 7, inodes: 7, bytes: 5 });
  });
});
