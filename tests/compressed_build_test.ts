/** Which files of an image stay as they are in the output: what is mapped, and what answers read. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type TranslatedImage, translateImage } from "../src/cli/translate_image.ts";
import { ociLayout, tarOf } from "../src/image/_testing.ts";
import { checkBudget } from "../src/package/budget.ts";
import { groupFile, groupSource } from "../src/package/compressed_files.ts";
import { decodeDataFile } from "../src/package/data_file.ts";
import { lookup } from "../src/rootfs/lookup.ts";
import type { GroupSource } from "../src/rootfs/pack_format.ts";
import { openPackedTree } from "../src/rootfs/packed_tree.ts";
import { accept, answer, listen, pauseForever, readFile, tinyElf } from "./support/tiny_elf.ts";

const SERVER = tinyElf([
  ...readFile("/etc/start.conf"),
  ...listen,
  ...accept,
  ...readFile("/srv/page"),
  ...answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
  ...pauseForever,
]);
const FILES = {
  "/server": SERVER,
  "/etc/start.conf": "read at start alone\n".repeat(400),
  "/srv/page": "read for the answer\n".repeat(300),
  "/srv/never": "never read at all\n".repeat(30_000),
};

const folder = mkdtempSync(join(tmpdir(), "lighter-compressed-"));
let translated: TranslatedImage, data: Map<string, Uint8Array<ArrayBuffer>>, groups: GroupSource;

beforeAll(async () => {
  const layer = tarOf(Object.entries(FILES).map(([path, content]) => ({ path: path.slice(1), content, mode: 0o755 })));
  const files = ociLayout({ layers: [{ tar: layer }], config: { Entrypoint: ["/server"] } });
  writeFileSync(join(folder, "image"), tarOf([...files].map(([path, content]) => ({ path, content }))));
  const out = join(folder, "out");
  translated = await translateImage(join(folder, "image"), { out, targets: ["workers"], cache: false });
  const read = (file: string) => new Uint8Array(readFileSync(join(out, file)));
  data = decodeDataFile(read("app.data.wasm"));
  groups = groupSource({ read: (group) => read(groupFile(group)) });
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true }));

/** The tree of the output, with its groups of frames or others. */
function openTree(groups: GroupSource) {
  return openPackedTree({ index: data.get("rootfs.index")!, chunks: [data.get("rootfs.0")!], groups });
}

test("every file is there, byte for byte", () => {
  const tree = openTree(groups);
  for (const [path, content] of Object.entries(FILES)) {
    const wanted = typeof content === "string" ? new TextEncoder().encode(content) : content;
    expect(Buffer.compare(tree.read(lookup(tree, path)!), wanted), path).toBe(0);
  }
});

test("only what the snapshot has mapped and what answers read needs no expanding", () => {
  const tree = openTree({ fetch: () => Promise.reject(new Error("there are none")) });
  const isPlain = (path: string) => {
    try {
      return tree.read(lookup(tree, path)!).length > 0;
    } catch {
      return false;
    }
  };
  expect(Object.keys(FILES).filter(isPlain)).toEqual(["/server", "/srv/page"]);
});

test("the manifest and the budget say how much that is", () => {
  const { rootfs } = translated.app.manifest;
  expect(rootfs.chunkBytes).toBe(SERVER.length + FILES["/srv/page"].length);
  expect(rootfs.expandedBytes).toBe(FILES["/srv/never"].length + FILES["/etc/start.conf"].length);
  expect(rootfs.groups).toBe(1);
  const { sizes } = translated.app.manifest;
  expect(sizes[groupFile(0)].raw).toBeGreaterThan(rootfs.storedBytes);
  expect(sizes[groupFile(0)].raw).toBeLessThan(10_000);
  const [modules, memory] = checkBudget(translated.budget);
  // Nothing of other hosts is there, so that a Worker deploys all; what is compressed is none of its modules.
  const whole = Object.values(sizes).reduce((n, { raw }) => n + raw, 0);
  expect(modules.needs).toBe(whole - sizes[groupFile(0)].raw);
  const { residentBytes } = translated.budget;
  const wasmBytes = translated.app.manifest.modules.reduce((n, m) => n + m.wasmBytes, 0);
  expect(memory.needs).toBeCloseTo(modules.needs + residentBytes + wasmBytes * 1.2, -1);
});
