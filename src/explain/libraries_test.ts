import { describe, expect, test } from "vitest";
import { makeTestElf, type TestElf } from "../elf/_testing.ts";
import { directoryNode, fileNode, freeze, type Node, symlinkNode } from "../rootfs/node.ts";
import type { Tree } from "../rootfs/tree.ts";
import { loadedFiles } from "./libraries.ts";

const ATTRIBUTES = { mode: 0o755, uid: 0, gid: 0, mtime: 0, mtimeNs: 0 };

/** A tree of these files; a string is the target of a symbolic link. */
function treeOf(files: Record<string, Uint8Array | string>): Tree {
  const root = directoryNode(ATTRIBUTES);
  for (const [path, content] of Object.entries(files)) {
    const names = path.split("/").filter((name) => name !== "");
    let directory = root;
    for (const name of names.slice(0, -1)) {
      let entry = directory.children.get(name);
      if (entry === undefined) directory.children.set(name, entry = { node: directoryNode(ATTRIBUTES), layer: 0 });
      directory = entry.node as typeof root;
    }
    const node: Node = typeof content === "string" ? symlinkNode(ATTRIBUTES, content) : fileNode(ATTRIBUTES, content);
    directory.children.set(names.at(-1)!, { node, layer: 0 });
  }
  return freeze(root);
}

const LD = "/lib64/ld-linux-x86-64.so.2", MUSL = "/lib/ld-musl-x86_64.so.1";
const library = (parts: TestElf = {}) => makeTestElf(parts);

function load(
  files: Record<string, Uint8Array | string>,
  env: string[] = [],
  level: "x86-64-v2" | "x86-64-v3" = "x86-64-v2",
) {
  const { files: loaded, missing } = loadedFiles(treeOf(files), "/app/server", env, level);
  return { paths: loaded.map((f) => f.path), missing };
}

/** /etc/ld.so.cache in glibc's new format. */
function ldCache(entries: [name: string, path: string][]): Uint8Array {
  const magic = "glibc-ld.so.cache1.1", headerBytes = 48 + entries.length * 24;
  const bytes = new Uint8Array(headerBytes + 2000), view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode(magic));
  view.setUint32(20, entries.length, true);
  let at = headerBytes;
  const put = (text: string) => {
    bytes.set(new TextEncoder().encode(`${text}\0`), at);
    at += text.length + 1;
    return at - text.length - 1;
  };
  entries.forEach(([name, path], i) => {
    view.setUint32(48 + i * 24, 0x303, true);
    view.setUint32(48 + i * 24 + 4, put(name), true);
    view.setUint32(48 + i * 24 + 8, put(path), true);
  });
  return bytes;
}

describe("the files that a program loads", () => {
  test("a static program loads itself", () => {
    expect(load({ "/app/server": library() })).toEqual({ paths: ["/app/server"], missing: [] });
  });

  test("libraries of libraries are found, breadth first and once, and what is missing is named", () => {
    const found = load({
      "/app/server": library({ interpreter: LD, needed: ["liba.so", "libb.so"] }),
      [LD]: library({ soname: "ld-linux-x86-64.so.2" }),
      "/usr/lib/liba.so": library({ needed: ["libc.so.6", "libgone.so"] }),
      "/lib/x86_64-linux-gnu/libb.so": library({ needed: ["liba.so", "libc.so.6", "ld-linux-x86-64.so.2"] }),
      "/lib/x86_64-linux-gnu/libc.so.6": library(),
    });
    expect(found.paths).toEqual([
      "/app/server",
      LD,
      "/usr/lib/liba.so",
      "/lib/x86_64-linux-gnu/libb.so",
      "/lib/x86_64-linux-gnu/libc.so.6",
    ]);
    expect(found.missing).toEqual([{ name: "libgone.so", neededBy: "/usr/lib/liba.so" }]);
  });

  test("a missing interpreter is missing", () => {
    const { missing } = load({ "/app/server": library({ interpreter: LD }) });
    expect(missing).toEqual([{ name: LD, neededBy: "/app/server" }]);
  });

  test("RPATH of the loaders comes before LD_LIBRARY_PATH, RUNPATH of the file after it", () => {
    const files = {
      [LD]: library(),
      "/app/lib/liba.so": library({ needed: ["libb.so"] }),
      "/app/lib/libb.so": library(),
      "/other/liba.so": library(),
      "/other/libb.so": library(),
      "/lib/libb.so": library(),
    };
    const env = ["LD_LIBRARY_PATH=/other"];
    const rpath = library({ interpreter: LD, needed: ["liba.so"], rpath: "$ORIGIN/lib" });
    expect(load({ ...files, "/app/server": rpath }, env).paths.slice(2)).toEqual([
      "/app/lib/liba.so",
      "/app/lib/libb.so",
    ]);
    const runpath = library({ interpreter: LD, needed: ["liba.so"], runpath: "${ORIGIN}/lib" });
    expect(load({ ...files, "/app/server": runpath }, env).paths.slice(2)).toEqual(["/other/liba.so"]);
    // A program's RUNPATH is not for the libraries of its libraries.
    expect(load({ ...files, "/app/server": runpath }).paths.slice(2)).toEqual(["/app/lib/liba.so", "/lib/libb.so"]);
  });

  test("the cache comes before the default directories, and what is for better processors is passed over", () => {
    const better = "/opt/lib/glibc-hwcaps/x86-64-v3/liba.so";
    const files = {
      [LD]: library(),
      "/app/server": library({ interpreter: LD, needed: ["liba.so"] }),
      "/etc/ld.so.cache": ldCache([["liba.so", better], ["liba.so", "/opt/lib/liba.so"]]),
      [better]: library(),
      "/opt/lib/liba.so": library(),
      "/usr/lib/liba.so": library(),
    };
    expect(load(files).paths[2]).toBe("/opt/lib/liba.so");
    expect(load(files, [], "x86-64-v3").paths[2]).toBe(better);
  });

  test("what LD_PRELOAD and /etc/ld.so.preload name is loaded", () => {
    const files = {
      [LD]: library(),
      "/app/server": library({ interpreter: LD }),
      "/etc/ld.so.preload": new TextEncoder().encode("# none\n/opt/second.so\n"),
      "/opt/first.so": library({ needed: ["libdeep.so"] }),
      "/opt/second.so": library(),
      "/usr/lib/libdeep.so": library(),
    };
    expect(load(files, ["LD_PRELOAD=/opt/first.so"]).paths.slice(2))
      .toEqual(["/opt/first.so", "/opt/second.so", "/usr/lib/libdeep.so"]);
  });

  test("musl has its own directories, and RUNPATH of the program is for all", () => {
    const files = {
      [MUSL]: library(),
      "/app/server": library({ interpreter: MUSL, needed: ["liba.so"], runpath: "/app/lib" }),
      "/app/lib/liba.so": library({ needed: ["libb.so"] }),
      "/lib/x86_64-linux-gnu/libb.so": library(),
      "/usr/local/lib/libb.so": "/srv/libb.so.1",
      "/srv/libb.so.1": library(),
    };
    expect(load(files).paths.slice(2)).toEqual(["/app/lib/liba.so", "/usr/local/lib/libb.so"]);
  });
});
