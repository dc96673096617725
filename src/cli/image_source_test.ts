import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { archiveOf, type Files, listTree, ociLayout, tarOf } from "../image/_testing.ts";
import { resolveProcess } from "../image/config.ts";
import { lookup, readFileAt } from "../rootfs/lookup.ts";
import { mergeLayers } from "../rootfs/merge.ts";
import { packTree } from "../rootfs/pack.ts";
import { openPackedTree } from "../rootfs/packed_tree.ts";
import { openImagePath } from "./image_source.ts";

const folder = mkdtempSync(join(tmpdir(), "lighter-image-"));
afterAll(() => rmSync(folder, { recursive: true }));

const layout = ociLayout({ layers: [{ tar: tarOf([{ path: "a", content: "x" }]), compression: "gzip" }] });

function writeFiles(name: string, files: Files): string {
  for (const [path, content] of files) {
    mkdirSync(dirname(join(folder, name, path)), { recursive: true });
    writeFileSync(join(folder, name, path), content);
  }
  return join(folder, name);
}

describe("an image on disk", () => {
  it("is opened from a directory and from an archive", async () => {
    const archive = join(folder, "image.tar");
    const source = archiveOf(layout);
    writeFileSync(archive, await source.read(0, source.size));
    for (const path of [writeFiles("layout", layout), archive]) {
      const { image, close } = await openImagePath(path);
      expect(listTree((await mergeLayers(image.layers)).tree)).toEqual(["d /", "- /a = x"]);
      await close();
    }
  });

  it("is refused when it is not there, or a directory of something else", async () => {
    await expect(openImagePath(join(folder, "nope.tar"))).rejects.toThrow("nope.tar: cannot be opened (ENOENT)");
    mkdirSync(join(folder, "empty"));
    await expect(openImagePath(join(folder, "empty"))).rejects.toThrow("empty: not a container image");
  });

  it("does not reach files outside of its directory through links", async () => {
    writeFileSync(join(folder, "secret.json"), "{}");
    mkdirSync(join(folder, "linked"));
    symlinkSync("../secret.json", join(folder, "linked", "index.json"));
    await expect(openImagePath(join(folder, "linked"))).rejects.toThrow("linked: not a container image");
  });
});

// Built by the zoo's scripts; a machine without it skips this.
const busybox = join(homedir(), ".cache/zoo/images/busybox.tar");

describe.skipIf(!existsSync(busybox))("a real image from docker save", () => {
  it("is merged, packed and resolved to its process", async () => {
    const { image, close } = await openImagePath(busybox);
    const { tree } = await mergeLayers(image.layers);
    await close();
    expect(resolveProcess(image.config, (path) => readFileAt(tree, path)).argv[0]).toBe("/bin/busybox");
    const packed = openPackedTree(packTree(tree, { chunkBytes: 1 << 20 }));
    const number = lookup(packed, "/bin/busybox")!;
    expect([...packed.read(number).subarray(0, 4)]).toEqual([0x7f, 0x45, 0x4c, 0x46]);
    expect(packed.read(number)).toEqual(readFileAt(tree, "/bin/busybox"));
  });
});
