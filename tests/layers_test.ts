/** Who may know whom. The table is the rule; docs/ARCHITECTURE.md explains it. */
import { describe, expect, it } from "vitest";
import { type Import, importsOf, loadedWith, sourceFiles, sourceText } from "./support/imports.ts";

/** Folders (or files) of src, and the others whose files theirs may import. */
const MAY_IMPORT: Record<string, string[]> = {
  "errors.ts": [],
  "host": [],
  // The guest's processor: state, helpers, and machines that run it.
  "machine": ["errors.ts", "ir"],
  // Machine code to wasm. None of these knows a kernel.
  "x86": ["machine"],
  "elf": ["errors.ts"],
  "ir": ["errors.ts", "machine"],
  "discover": ["elf", "errors.ts", "machine", "x86"],
  "lift": ["discover", "ir", "machine", "x86"],
  "emit": ["errors.ts", "ir", "machine"],
  "jit": ["discover", "emit", "errors.ts", "ir", "lift", "machine", "x86"],
  // What is kept compressed.
  "deflate": ["errors.ts"],
  // An image to a file tree.
  "rootfs": ["deflate", "errors.ts"],
  "image": ["errors.ts", "rootfs"],
  // Linux. execve loads programs, and the loader maps them into the kernel's address spaces.
  "kernel": ["elf", "errors.ts", "host", "loader", "machine", "rootfs", "snapshot"],
  "loader": ["elf", "errors.ts", "kernel", "machine"],
  "snapshot": ["errors.ts", "host", "kernel", "machine", "rootfs"],
  "package": ["errors.ts"],
  "serve": ["deflate", "errors.ts", "host", "kernel", "machine", "package", "rootfs", "snapshot"],
  // Build time.
  "explain": [
    "boot",
    "discover",
    "elf",
    "errors.ts",
    "image",
    "jit",
    "kernel",
    "lift",
    "loader",
    "machine",
    "rootfs",
    "snapshot",
    "translate",
    "x86",
  ],
  "boot": ["errors.ts", "host", "kernel", "loader", "machine", "rootfs", "serve", "snapshot"],
  "translate": ["discover", "elf", "emit", "errors.ts", "ir", "kernel", "lift", "machine", "rootfs", "x86"],
};

/** Known breaches, to become fewer: file, and what it imports. */
const BREACHES: Record<string, string[]> = {};

/** What is loaded at build time only. */
const BUILD_TIME = ["x86", "lift", "discover", "emit", "jit", "translate", "boot", "explain", "image", "cli"];

const files = sourceFiles("src");
const imports = files.flatMap(importsOf);

/** "kernel" for src/kernel/net/tcp/socket.ts, "errors.ts" for src/errors.ts; undefined outside src. */
function roomOf(path: string): string | undefined {
  return /^src\/([^/]+)/.exec(path)?.[1];
}

function show({ from, to }: Import): string {
  return `${from} imports ${to}`;
}

describe("arrows between the folders of src point the agreed way", () => {
  for (const [room, allowed] of Object.entries(MAY_IMPORT)) {
    it(`${room} imports from ${allowed.length > 0 ? allowed.join(", ") : "nowhere else"}`, () => {
      const wrong = imports.filter(({ from, to }) => {
        const target = roomOf(to);
        return roomOf(from) === room && target !== undefined && target !== room && !allowed.includes(target) &&
          !BREACHES[from]?.includes(target);
      });
      expect(wrong.map(show)).toEqual([]);
    });
  }

  it("every folder has a row", () => {
    const rooms = new Set(files.map((file) => roomOf(file)!));
    // These two see everything: the line itself, and the commands.
    for (const room of ["build.ts", "cli", ...Object.keys(MAY_IMPORT)]) rooms.delete(room);
    expect([...rooms]).toEqual([]);
  });

  it("no known breach has been mended without being struck from the list", () => {
    const stale = Object.entries(BREACHES).flatMap(([file, rooms]) =>
      rooms.filter((room) => !imports.some(({ from, to }) => from === file && roomOf(to) === room))
        .map((room) => `${file}: ${room}`)
    );
    expect(stale).toEqual([]);
  });
});

it("nothing in src imports an adapter", () => {
  expect(imports.filter(({ to }) => to.startsWith("adapters/")).map(show)).toEqual([]);
});

it("only the commands know Node's modules, but for two files that say why", () => {
  const allowed = new Set(["src/image/digest.ts", "src/image/gunzip.ts"]);
  const wrong = imports.filter(({ from, to }) =>
    to.startsWith("node:") && roomOf(from) !== "cli" && !allowed.has(from)
  );
  expect(wrong.map(show)).toEqual([]);
});

it("packages are known in one place each", () => {
  const places: Record<string, string> = { binaryen: "emit", esbuild: "cli", fflate: "deflate", fzstd: "image" };
  const packages = imports.filter(({ to }) => roomOf(to) === undefined && !/^(node:|fixtures\/)/.test(to));
  expect(packages.filter(({ from, to }) => places[to] !== roomOf(from)).map(show)).toEqual([]);
});

it("the kernel, and what stands above wasm, do not name WebAssembly", () => {
  const rooms = ["kernel", "loader", "rootfs", "image", "elf", "x86", "discover", "ir", "lift", "boot", "host"];
  const wrong = files.filter((file) => rooms.includes(roomOf(file)!) && /\bWebAssembly\b/.test(sourceText(file)));
  expect(wrong).toEqual([]);
});

describe("what is loaded at the edge holds nothing of build time", () => {
  const serving = ["src/serve/mod.ts", "src/serve/app.ts", "adapters/app.ts", "adapters/package.ts"];
  for (const host of ["deno", "node", "workers"]) {
    it(`the ${host} adapter, before its entry chooses what compiles or interprets misses`, () => {
      const loaded = [...loadedWith([...serving, `adapters/${host}/mod.ts`])];
      expect(loaded.filter((file) => BUILD_TIME.includes(roomOf(file) ?? ""))).toEqual([]);
      expect(loaded.filter((name) => ["binaryen", "fzstd", "esbuild"].includes(name))).toEqual([]);
    });
  }

  it("what runs code that was not compiled ahead is no part of entries of hosts that can load it when it is wanted", () => {
    const roomsOf = (...names: string[]) => {
      const rooms = new Set([...loadedWith(names)].map(roomOf));
      return BUILD_TIME.filter((room) => rooms.has(room)).sort();
    };
    expect(roomsOf("adapters/deno/entry.ts", "adapters/node/entry.ts")).toEqual([]);
    expect(roomsOf("adapters/translator.ts")).toEqual(["discover", "emit", "jit", "lift", "x86"]);
  });

  it("the Workers entry holds no emitter: it may not compile", () => {
    const loaded = [...loadedWith(["adapters/workers/entry.ts"])];
    expect(loaded.filter((file) => ["emit", "translate"].includes(roomOf(file) ?? ""))).toEqual([]);
  });
});
