import { describe, expect, it } from "vitest";
import { listTree, mergeTars, tarOf, type TarSpec } from "../image/_testing.ts";
import type { RootfsLimits } from "./limits.ts";
import { lookup, lookupNoFollow } from "./lookup.ts";

const file = (path: string, content = path): TarSpec => ({ path, content });
const directory = (path: string): TarSpec => ({ path, type: "directory" });
const symlink = (path: string, linkPath: string): TarSpec => ({ path, type: "symlink", linkPath });
const hardlink = (path: string, linkPath: string): TarSpec => ({ path, type: "hardlink", linkPath });

async function merged(layers: TarSpec[][], limits: Partial<RootfsLimits> = {}): Promise<string[]> {
  return listTree((await mergeTars(layers.map(tarOf), limits)).tree).slice(1);
}

const failing = (layers: TarSpec[][], limits: Partial<RootfsLimits> = {}) => expect(merged(layers, limits)).rejects;

describe("layers are merged", () => {
  const cases: { name: string; layers: TarSpec[][]; tree: string[] }[] = [
    {
      name: "a later file replaces an earlier one",
      layers: [[file("a", "old"), file("b", "kept")], [file("a", "new")]],
      tree: ["- /a = new", "- /b = kept"],
    },
    {
      name: "a whiteout deletes a file of a lower layer and leaves no trace of itself",
      layers: [[file("d/a"), file("d/b")], [file("d/.wh.a", "")]],
      tree: ["d /d", "- /d/b = d/b"],
    },
    {
      name: "a whiteout deletes a directory with all that is in it",
      layers: [[file("d/e/a"), file("f")], [file(".wh.d", "")]],
      tree: ["- /f = f"],
    },
    {
      name: "a whiteout of nothing does nothing",
      layers: [[file("a")], [file(".wh.b", ""), file("no/such/.wh.dir", "")]],
      tree: ["- /a = a"],
    },
    {
      name: "a whiteout spares what its own layer wrote, whichever comes first",
      layers: [[file("a", "low"), file("d/low")], [
        file("a", "high"),
        file(".wh.a", ""),
        file("d/high"),
        file(".wh.d", ""),
      ]],
      tree: ["- /a = high", "d /d", "- /d/high = d/high"],
    },
    {
      name: "an opaque directory hides lower content, whether its mark comes first or last",
      layers: [
        [file("d/low"), file("d/e/low"), file("f/low")],
        [
          directory("d"),
          file("d/.wh..wh..opq", ""),
          file("d/e/high"),
          directory("f"),
          file("f/high"),
          file("f/.wh..wh..opq", ""),
        ],
      ],
      tree: ["d /d", "d /d/e", "- /d/e/high = d/e/high", "d /f", "- /f/high = f/high"],
    },
    {
      name: "an opaque mark hides what is below a directory that its layer describes again",
      layers: [[file("d/e/low")], [directory("d"), directory("d/e"), file("d/.wh..wh..opq", "")]],
      tree: ["d /d", "d /d/e"],
    },
    {
      name: "an opaque root hides everything below",
      layers: [[file("a")], [file(".wh..wh..opq", ""), file("b")]],
      tree: ["- /b = b"],
    },
    {
      name: "traces of AUFS are ignored",
      layers: [[file("a"), directory(".wh..wh.plnk"), file(".wh..wh.plnk/1.2"), file(".wh..wh.aufs", "")]],
      tree: ["- /a = a"],
    },
    {
      name: "a file replaces a directory, a directory replaces a file and a symbolic link",
      layers: [
        [file("a/x"), file("b"), symlink("c", "a")],
        [file("a"), directory("b"), file("b/y"), directory("c"), file("c/z")],
      ],
      tree: ["- /a = a", "d /b", "- /b/y = b/y", "d /c", "- /c/z = c/z"],
    },
    {
      name: "a directory over a directory keeps the content",
      layers: [[file("d/a")], [directory("d/"), file("d/b")]],
      tree: ["d /d", "- /d/a = d/a", "- /d/b = d/b"],
    },
    {
      name: "a symbolic link in the path to an entry is followed within the root",
      layers: [[directory("usr/lib"), symlink("lib", "usr/lib"), symlink("abs", "/usr/lib")], [
        file("lib/a"),
        file("abs/b"),
      ]],
      tree: [
        "l /abs -> /usr/lib",
        "l /lib -> usr/lib",
        "d /usr",
        "d /usr/lib",
        "- /usr/lib/a = lib/a",
        "- /usr/lib/b = abs/b",
      ],
    },
    {
      name: "a symbolic link that points above the root stops at the root",
      layers: [[symlink("up", "../../../etc")], [file("up/passwd")]],
      tree: ["d /etc", "- /etc/passwd = up/passwd", "l /up -> ../../../etc"],
    },
    {
      name: "a whiteout works through a symbolic link to a directory",
      layers: [[file("usr/lib/a"), symlink("lib", "usr/lib")], [file("lib/.wh.a", "")]],
      tree: ["l /lib -> usr/lib", "d /usr", "d /usr/lib"],
    },
    {
      name: "absolute paths, dots and inner double dots are taken as paths from the root",
      layers: [[file("/a"), file("./b"), file("x/../c"), file("d//e")]],
      tree: ["- /a = /a", "- /b = ./b", "- /c = x/../c", "d /d", "- /d/e = d//e"],
    },
  ];
  for (const { name, layers, tree } of cases) {
    it(name, async () => expect(await merged(layers)).toEqual(tree));
  }

  it("hard links across layers share one inode", async () => {
    const { tree } = await mergeTars([tarOf([file("a", "x")]), tarOf([hardlink("d/b", "a"), hardlink("/c", "./d/b")])]);
    const number = lookup(tree, "/a")!;
    expect([lookup(tree, "/d/b"), lookup(tree, "/c")]).toEqual([number, number]);
    expect(tree.inode(number).nlink).toBe(3);
  });

  it("replacing one name of a hard-linked file leaves the others alone", async () => {
    const { tree } = await mergeTars([tarOf([file("a", "x"), hardlink("b", "a")]), tarOf([file("a", "new")])]);
    expect(listTree(tree).slice(1)).toEqual(["- /a = new", "- /b = x"]);
    expect(tree.inode(lookup(tree, "/b")!).nlink).toBe(1);
  });

  it("a hard link to a symbolic link is another name of the link itself", async () => {
    const { tree } = await mergeTars([tarOf([symlink("a", "nowhere"), hardlink("b", "a")])]);
    expect(tree.inode(lookupNoFollow(tree, "/b")!)).toMatchObject({
      type: "symlink",
      target: "nowhere",
      nlink: 2,
      size: 7,
    });
  });

  it("modes, owners and times are kept, also of the root and of directories that come again", async () => {
    const { tree } = await mergeTars([
      tarOf([
        { path: "./", type: "directory", mode: 0o1777, uid: 5, mtime: 7 },
        { path: "d", type: "directory", mode: 0o700 },
        { path: "d/su", mode: 0o4755, uid: 1000, gid: 2000, mtime: 1_700_000_000 },
      ]),
      tarOf([{ path: "d", type: "directory", mode: 0o2750, gid: 3 }]),
    ]);
    expect(tree.inode(tree.root)).toMatchObject({ mode: 0o1777, uid: 5, mtime: 7, nlink: 3 });
    expect(tree.inode(lookup(tree, "/d")!)).toMatchObject({ mode: 0o2750, gid: 3, nlink: 2 });
    expect(tree.inode(lookup(tree, "/d/su")!)).toMatchObject({
      mode: 0o4755,
      uid: 1000,
      gid: 2000,
      mtime: 1_700_000_000,
    });
  });

  it("devices are left out and counted, fifos are kept", async () => {
    const { tree, skipped, skippedCount } = await mergeTars([
      tarOf([file("dev/null", "low")]),
      tarOf([{ path: "dev/null", type: "character device" }, { path: "pipe", type: "fifo" }]),
    ]);
    expect(listTree(tree)).toEqual(["d /", "d /dev", "p /pipe"]);
    expect([skipped, skippedCount]).toEqual([[{ path: "dev/null", type: "character device" }], 1]);
  });

  it("names of objects' own properties are names like any other", async () => {
    expect(await merged([[file("__proto__/constructor", "x"), file("toString", "y")]])).toEqual([
      "d /__proto__",
      "- /__proto__/constructor = x",
      "- /toString = y",
    ]);
  });
});

describe("a hostile layer is refused in one line", () => {
  it("when a path escapes the root", async () => {
    await failing([[file("../etc/passwd")]]).toThrow('layer 0, offset 0: path "../etc/passwd" escapes the root');
    await failing([[file("a/../../b")]]).toThrow('path "a/../../b" escapes the root');
    await failing([[file("a"), hardlink("b", "../a")]]).toThrow('path "../a" escapes the root');
  });

  it("when symbolic links in a path run in a loop", async () => {
    await failing([[symlink("a", "b"), symlink("b", "a"), file("a/x")]])
      .toThrow('layer 0, offset 1024: path "a" runs in a loop of symbolic links');
    await failing([[symlink("a", "a/a"), file("a/x")]]).toThrow("loop of symbolic links");
  });

  it("when a path goes through a file", async () => {
    await failing([[file("a"), file("a/b")]]).toThrow('path "a" goes through "a", which is a file');
  });

  it("when a hard link's target is missing or a directory", async () => {
    await failing([[hardlink("a", "b")]]).toThrow('hard link "a" to "b", which does not exist');
    await failing([[directory("d"), hardlink("a", "d")]]).toThrow('hard link "a" to "d", which is a directory');
  });

  it("when a whiteout names no file", async () => {
    await failing([[file(".wh.")]]).toThrow('whiteout ".wh." names no file');
    await failing([[file("d/.wh...")]]).toThrow('whiteout ".wh..." names no file');
  });

  it("when the root is not a directory", async () => {
    await failing([[file("x/..")]]).toThrow("the root directory is given as a file");
  });

  it("when a name or a path is too long", async () => {
    await failing([[file("x".repeat(256))]]).toThrow("has a name longer than 255 bytes");
    await failing([[file("é".repeat(128))]]).toThrow("has a name longer than 255 bytes");
    await failing([[file("x/".repeat(2100))]]).toThrow("is longer than 4095 bytes");
  });

  it("when a limit is exceeded", async () => {
    await failing([[file("a"), file("b")], [file("c")]], { entries: 2 }).toThrow("more than 2 entries in the layers");
    await failing([[file("a", "12345")]], { fileBytes: 4 }).toThrow('file "a" has 5 bytes, the limit is 4');
    await failing([[file("a", "123"), file("b", "456")]], { totalBytes: 5 }).toThrow(
      "files in the layers exceed 5 bytes",
    );
    await failing([[file("a/b/c/d")]], { depth: 3 }).toThrow('path "a/b/c" is deeper than 3 directories');
  });

  it("when chains of symbolic links would multiply the work", async () => {
    const chain = Array.from({ length: 30 }, (_, i) => symlink(`l${i + 1}`, `${"d/../".repeat(20)}l${i}`));
    await failing([[directory("l0"), directory("d"), ...chain, file("l30/x")]], { steps: 1000 })
      .toThrow("paths in the layers take more than 1000 steps");
  });
});
