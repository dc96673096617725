import { execFileSync } from "node:child_process";
import {
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { listTree } from "../image/_testing.ts";
import { lookup, lookupNoFollow } from "../rootfs/lookup.ts";
import { packTree } from "../rootfs/pack.ts";
import { openPackedTree } from "../rootfs/packed_tree.ts";
import { openHostDirectory } from "./host_directory.ts";

const folder = mkdtempSync(join(tmpdir(), "lighter-root-"));
afterAll(() => rmSync(folder, { recursive: true }));
mkdirSync(join(folder, "etc"));
writeFileSync(join(folder, "etc/passwd"), "root");
linkSync(join(folder, "etc/passwd"), join(folder, "hard"));
symlinkSync("/etc", join(folder, "link"));
symlinkSync("../../../../../etc/hostname", join(folder, "out"));
chmodSync(join(folder, "etc/passwd"), 0o4711);
utimesSync(join(folder, "etc/passwd"), 1.5, 1.5);
execFileSync("mkfifo", [join(folder, "pipe")]);

describe("a host directory as a tree", () => {
  const tree = openHostDirectory(folder);

  it("shows files, directories, links and fifos", () => {
    expect(listTree(tree)).toEqual([
      "d /",
      "d /etc",
      "- /etc/passwd = root",
      "- /hard = root",
      "l /link -> /etc",
      "l /out -> ../../../../../etc/hostname",
      "p /pipe",
    ]);
  });

  it("has facts as lstat tells them, hard links sharing a number", () => {
    const number = lookup(tree, "/link/passwd")!;
    expect(lookup(tree, "/hard")).toBe(number);
    expect(tree.inode(number)).toMatchObject({ mode: 0o4711, nlink: 2, size: 4, mtime: 1, mtimeNs: 500_000_000 });
    expect(tree.inode(lookupNoFollow(tree, "/link")!)).toMatchObject({ type: "symlink", size: 4 });
  });

  it("never leads to files of the host outside of it", () => {
    expect(lookup(tree, "/out")).toBeUndefined();
  });

  it("packs like any other tree", () => {
    expect(listTree(openPackedTree(packTree(tree)))).toEqual(listTree(tree));
  });

  it("is listed only where someone looks", () => {
    const lazy = openHostDirectory(folder);
    const etc = lazy.children(lazy.root).get("etc")!;
    writeFileSync(join(folder, "etc/late"), "x");
    expect([...lazy.children(etc).keys()]).toEqual(["late", "passwd"]);
    expect(readdirSync(folder)).toHaveLength(5);
  });

  it("reads a file from the host once", () => {
    const once = openHostDirectory(folder), file = join(folder, "read");
    writeFileSync(file, "before");
    const number = lookup(once, "/read")!, bytes = once.read(number);
    writeFileSync(file, "after!");
    expect(once.read(number)).toBe(bytes);
    expect(new TextDecoder().decode(bytes)).toBe("before");
    rmSync(file);
  });

  it("must be a directory", () => {
    expect(() => openHostDirectory(join(folder, "hard"))).toThrow("is not a directory that can be read");
    expect(() => openHostDirectory(join(folder, "nope"))).toThrow("nope: cannot be read");
  });
});
