import { describe, expect, it } from "vitest";
import { defaultRootfsLimits, type RootfsLimits } from "../rootfs/limits.ts";
import { mergeLayers } from "../rootfs/merge.ts";
import {
  addBlob,
  archiveOf,
  compress,
  dockerArchive,
  type Files,
  type ImageSpec,
  json,
  listTree,
  memoryFiles,
  ociLayout,
  rawHeader,
  sha256,
  tarOf,
  utf8,
} from "./_testing.ts";
import type { Image } from "./image.ts";
import { openImage, openImageArchive, type OpenImageOptions } from "./open_image.ts";
import { MemorySource } from "./source.ts";

const base = tarOf([{ path: "etc/os", content: "base" }, { path: "gone", content: "x" }]);
const top = tarOf([{ path: "server", content: "ELF", mode: 0o755 }, { path: ".wh.gone" }]);
const simple: ImageSpec = {
  layers: [{ tar: base, compression: "gzip" }, { tar: top, compression: "zstd" }],
  config: {
    Entrypoint: ["/server"],
    Cmd: ["-p", "80"],
    Env: ["A=1"],
    ExposedPorts: { "80/tcp": {} },
    Labels: { ["__proto__"]: "x" },
  },
  reference: "docker.io/library/simple:latest",
};
const simpleTree = ["d /", "d /etc", "- /etc/os = base", "- /server = ELF"];

async function treeOf(image: Image, limits: Partial<RootfsLimits> = {}): Promise<string[]> {
  return listTree((await mergeLayers(image.layers, limits)).tree);
}

async function load(files: Files, options: OpenImageOptions = {}): Promise<string[]> {
  return await treeOf(await openImage(memoryFiles(files), options));
}

const failing = (files: Files, options?: OpenImageOptions) => expect(load(files, options)).rejects;

/** Replaces the only file of a layout that the test picks. */
function damage(files: Files, pick: (text: string) => boolean, change: (bytes: Uint8Array) => Uint8Array): Files {
  const decoder = new TextDecoder();
  for (const [path, bytes] of files) {
    if (path.startsWith("blobs/") && pick(decoder.decode(bytes))) files.set(path, change(bytes));
  }
  return files;
}

const isManifest = (text: string) => text.includes(`"layers":`);
const isConfig = (text: string) => text.includes(`"rootfs":`);
const isLayer = (text: string) => !text.startsWith("{");

describe("an image is opened", () => {
  it("from an OCI layout with gzip, zstd and plain layers", async () => {
    expect(await load(ociLayout(simple))).toEqual(simpleTree);
    expect(await load(ociLayout({ ...simple, layers: [{ tar: base }, { tar: top }] }))).toEqual(simpleTree);
  });

  it("from a docker archive", async () => {
    const image = await openImage(memoryFiles(dockerArchive(simple)));
    expect(image).toMatchObject({ name: "test", references: ["docker.io/library/simple:latest"], digest: undefined });
    expect(await treeOf(image)).toEqual(simpleTree);
  });

  for (const compression of ["none", "gzip", "zstd"] as const) {
    it(`from either as a tar with compression ${compression}`, async () => {
      for (const files of [ociLayout(simple), dockerArchive(simple)]) {
        expect(await treeOf(await openImageArchive(archiveOf(files, compression)))).toEqual(simpleTree);
      }
    });
  }

  it("from an archive that docker and a layout share, by the layout's digests", async () => {
    const files = ociLayout(simple);
    files.set("manifest.json", utf8("[]"));
    expect((await openImage(memoryFiles(files))).digest).toMatch(/^sha256:/);
  });

  it("from a docker archive in which one layer is a link to another", async () => {
    const files = dockerArchive({ layers: [{ tar: base }, { tar: base }] });
    files.delete("image0/layer1/layer.tar");
    const tar = tarOf([
      ...[...files].map(([path, content]) => ({ path, content })),
      { path: "image0/layer1/layer.tar", type: "symlink", linkPath: "../layer0/layer.tar" },
    ]);
    expect(await treeOf(await openImageArchive(new MemorySource("t.tar", [tar])))).toHaveLength(4);
  });

  it("with its configuration", async () => {
    const { config, layers } = await openImage(memoryFiles(ociLayout(simple)));
    expect(config).toMatchObject({
      entrypoint: ["/server"],
      cmd: ["-p", "80"],
      env: ["A=1"],
      exposedPorts: ["80/tcp"],
    });
    expect([...config.labels]).toEqual([["__proto__", "x"]]);
    expect(layers.map(({ diffId }) => diffId)).toEqual([sha256(base), sha256(top)]);
  });

  it("with a media type that does not fit the compression, as docker writes it", async () => {
    const mediaType = "application/vnd.docker.image.rootfs.diff.tar.gzip";
    expect(await load(ociLayout({ ...simple, layers: [{ tar: base, mediaType }, { tar: top, mediaType }] }))).toEqual(
      simpleTree,
    );
  });

  it("through nested indexes, past attestations and other platforms whose blobs are not there", async () => {
    const files = ociLayout(simple);
    const inner = JSON.parse(new TextDecoder().decode(files.get("index.json")));
    const missing = {
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      digest: sha256(utf8("missing")),
      size: 7,
    };
    inner.manifests.unshift(
      { ...missing, platform: { os: "linux", architecture: "arm64" } },
      { ...missing, platform: { os: "unknown", architecture: "unknown" } },
      { ...missing, annotations: { "vnd.docker.reference.type": "attestation-manifest" } },
    );
    const nested = addBlob(files, json(inner));
    files.set("index.json", json({ manifests: [{ mediaType: "application/vnd.oci.image.index.v1+json", ...nested }] }));
    expect(await load(files)).toEqual(simpleTree);
  });

  it("by its configuration's platform where the index does not say", async () => {
    const files = ociLayout({ ...simple, architecture: "arm64" }, simple);
    const index = JSON.parse(new TextDecoder().decode(files.get("index.json")));
    for (const manifest of index.manifests) delete manifest.platform;
    files.set("index.json", json(index));
    expect(await load(files)).toEqual(simpleTree);
  });

  it("by the variant that needs least of the processor", async () => {
    const files = ociLayout({ ...simple, variant: "v3" }, { ...simple, layers: [{ tar: top }], variant: "v2" });
    expect(await load(files)).toEqual(["d /", "- /server = ELF"]);
  });

  it("by name where there are several, and twice-tagged images are one", async () => {
    const other = { layers: [{ tar: base }], reference: "example.com/other:1" };
    for (const files of [ociLayout(simple, other), dockerArchive(simple, other)]) {
      expect(await load(files, { reference: "simple" })).toEqual(simpleTree);
      expect(await load(files, { reference: "example.com/other:1" })).toHaveLength(4);
      await failing(files).toThrow(
        "2 images for linux/amd64, name one; there is docker.io/library/simple:latest, example.com/other:1",
      );
      await failing(files, { reference: "third" }).toThrow(
        'no image called "third"; there is docker.io/library/simple:latest',
      );
    }
    expect(await load(ociLayout(simple, { ...simple, reference: "again:latest" }))).toEqual(simpleTree);
  });
});

describe("an image is refused in one clear line", () => {
  it("when it is not a tar, or a tar of something else", async () => {
    await expect(openImageArchive(new MemorySource("x.tar", [utf8("PK hello")]))).rejects.toThrow(
      "x.tar, offset 0: not a tar archive",
    );
    await expect(openImageArchive(new MemorySource("x.tar", []))).rejects.toThrow("x.tar, offset 0: not a tar archive");
    await expect(openImageArchive(new MemorySource("x.tar", [base]))).rejects
      .toThrow("x.tar: not a container image: it has neither index.json nor manifest.json");
  });

  it("when the archive is cut off", async () => {
    const source = archiveOf(ociLayout(simple));
    const bytes = await source.read(0, source.size - 3000);
    await expect(openImageArchive(new MemorySource("x.tar", [bytes]))).rejects.toThrow(
      /^x\.tar, offset \d+: tar archive is cut off/,
    );
  });

  it("when a layer is cut off", async () => {
    const cut = (bytes: Uint8Array) => bytes.subarray(0, bytes.length - 20);
    await failing(damage(ociLayout({ layers: [{ tar: base }] }), isLayer, cut))
      .toThrow(/blobs\/sha256\/[0-9a-f]{64}: blob has \d+ bytes, the manifest says \d+ \(is it cut off\?\)$/);
    const files = dockerArchive({ layers: [{ tar: base }] });
    files.set("image0/layer0/layer.tar", base.subarray(0, 514));
    await failing(files).toThrow(
      "test:image0/layer0/layer.tar, offset 0: tar archive is cut off within an entry of 4 bytes",
    );
  });

  it("when a digest is wrong: of a layer, a manifest, a configuration", async () => {
    const flip = (bytes: Uint8Array) => bytes.map((byte, i) => i === bytes.length - 2 ? byte ^ 1 : byte);
    for (const pick of [isLayer, isManifest, isConfig]) {
      await failing(damage(ociLayout({ layers: [{ tar: base }] }), pick, flip)).toThrow(/: blob has digest sha256:\w+/);
    }
    const files = dockerArchive({ layers: [{ tar: base }] });
    files.set("image0/layer0/layer.tar", top);
    await failing(files).toThrow(
      /layer\.tar: uncompressed layer has digest sha256:\w+, the configuration says sha256:\w+$/,
    );
  });

  it("when diff_ids are wrong or too few", async () => {
    const rootfs = (ids: string[]) => ({ layers: [{ tar: base }], document: { rootfs: { diff_ids: ids } } });
    await failing(ociLayout(rootfs([sha256(top)]))).toThrow("uncompressed layer has digest");
    await failing(ociLayout(rootfs([]))).toThrow("the manifest has 1 layers, but the configuration has 0 diff_ids");
    await failing(dockerArchive(rootfs([]))).toThrow("1 layers, but the configuration has 0 diff_ids");
    await failing(ociLayout(rootfs(["md5:00"]))).toThrow("digest algorithm md5");
    await failing(ociLayout(rootfs(["sha256:../../x"]))).toThrow('"sha256:../../x" is not a digest');
  });

  it("when a blob is missing", async () => {
    for (const pick of [isLayer, isManifest, isConfig]) {
      const files = ociLayout({ layers: [{ tar: base }] });
      for (const [path, bytes] of files) {
        if (path.startsWith("blobs/") && pick(new TextDecoder().decode(bytes))) files.delete(path);
      }
      await failing(files).toThrow(/^test:blobs\/sha256\/[0-9a-f]{64}: missing from the image$/);
    }
  });

  it("when it is for other machines, naming them", async () => {
    const arm = { ...simple, architecture: "arm64", variant: "v8" };
    const windows = { ...simple, os: "windows" };
    await failing(ociLayout(arm, windows)).toThrow(
      "test: no image for linux/amd64, only for linux/arm64/v8, windows/amd64",
    );
    await failing(dockerArchive(arm)).toThrow("no image for linux/amd64, only for linux/arm64/v8");
    await failing(ociLayout({ ...simple, document: { architecture: "arm64" } })).toThrow("only for linux/arm64");
    await failing(ociLayout({ ...simple, variant: "v3" })).toThrow("only for linux/amd64/v3");
  });

  it("when its layers are elsewhere or of no known kind", async () => {
    const layer = (mediaType: string) => ociLayout({ layers: [{ tar: base, mediaType }] });
    await failing(layer("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip")).toThrow(
      "is not part of the image, it has to be fetched from elsewhere",
    );
    await failing(layer("application/vnd.oci.image.layer.nondistributable.v1.tar")).toThrow(
      "has to be fetched from elsewhere",
    );
    await failing(layer("application/vnd.oci.image.layer.v1.tar+encrypted")).toThrow(
      'layer of type "application/vnd.oci.image.layer.v1.tar+encrypted"',
    );
  });

  it("when it is another kind of artifact, or of docker's first schema", async () => {
    const index = (manifest: unknown) => {
      const files: Files = new Map();
      const platform = { os: "linux", architecture: "amd64" };
      files.set("index.json", json({ manifests: [{ ...addBlob(files, json(manifest)), platform }] }));
      return files;
    };
    const descriptor = { mediaType: "application/vnd.cncf.helm.config.v1+json", digest: sha256(base), size: 1 };
    await failing(index({ config: descriptor, layers: [] })).toThrow(
      'not a container image but an artifact of type "application/vnd.cncf.helm.config.v1+json"',
    );
    await failing(index({ schemaVersion: 1, fsLayers: [] })).toThrow("a docker schema 1 manifest");
    await failing(index({})).toThrow("is neither an image manifest nor an index");
  });

  it("when JSON is damaged or of the wrong shape", async () => {
    const withIndex = (text: string) => new Map([["index.json", utf8(text)]]);
    await failing(withIndex("{")).toThrow("test:index.json: not valid JSON");
    await failing(withIndex("[]")).toThrow("test:index.json: the document is not an object");
    await failing(withIndex(`{"manifests": {}}`)).toThrow("test:index.json: manifests is not a list");
    await failing(withIndex(`{"manifests": [{"digest": 5}]}`)).toThrow(
      "test:index.json: manifests[0].digest is not a string",
    );
    await failing(withIndex(`{"manifests": [{"digest": "sha256:${"0".repeat(64)}", "size": -1}]}`)).toThrow(
      "manifests[0].size is not a size",
    );
    await failing(withIndex("{}")).toThrow("test: no image in the index");
    await failing(new Map([["manifest.json", utf8(`[{"Config":"c","Layers":[5],"RepoTags":null}]`)]])).toThrow(
      "[0].Layers holds what is not a string",
    );
    await failing(ociLayout({ ...simple, config: { Env: "A=1" } })).toThrow("config.Env is not a list");
  });

  it("when indexes nest without end or fan out", async () => {
    const files: Files = new Map();
    const mediaType = "application/vnd.oci.image.index.v1+json";
    let inner: Record<string, unknown> = { mediaType, ...addBlob(files, json({ manifests: [] })) };
    for (let i = 0; i < 3; i++) inner = { mediaType, ...addBlob(files, json({ manifests: Array(30).fill(inner) })) };
    files.set("index.json", json({ manifests: [inner] }));
    await failing(files).toThrow(/^test.*: more than (256 manifests to look at|4 indexes in each other)$/);
  });

  it("when a compressed layer is a bomb", async () => {
    const bomb = tarOf([{ path: "zeros", content: new Uint8Array(20_000_000) }]);
    for (const compression of ["gzip", "zstd"] as const) {
      const files = ociLayout({ layers: [{ tar: bomb, compression }] });
      await failing(files, { limits: { layerBytes: 1_000_000 } }).toThrow(
        /: content exceeds 1000000 bytes when decompressed$/,
      );
      const source = new MemorySource("x.tar", [compress(bomb, compression)]);
      await expect(openImageArchive(source, { limits: { archiveBytes: 1_000_000 } })).rejects
        .toThrow("x.tar: content exceeds 1000000 bytes when decompressed");
    }
  });

  it("when a layer has a million entries", async () => {
    const header = rawHeader([]);
    const tar = new Uint8Array(512 * 20_000);
    for (let at = 0; at < tar.length; at += 512) tar.set(header, at);
    const image = await openImage(memoryFiles(ociLayout({ layers: Array(6).fill({ tar, compression: "gzip" }) })));
    expect(defaultRootfsLimits.entries).toBeLessThan(1_000_000);
    await expect(treeOf(image, { entries: 100_000 })).rejects.toThrow("more than 100000 entries in the layers");
    await expect(openImageArchive(new MemorySource("x.tar", [tar]), { limits: { members: 1000 } })).rejects
      .toThrow("x.tar, offset 512000: more than 1000 members in an archive");
  });

  it("when a header in a layer claims 2^60 bytes, or just more than the limit", async () => {
    const claim = (...bytes: number[]) =>
      ociLayout({ layers: [{ tar: rawHeader([[124, Uint8Array.of(0x80, ...bytes)]]) }] });
    await failing(claim(0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0, 0)).toThrow(
      "tar header claims about 1152921504606847000 bytes",
    );
    await failing(claim(0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0)).toThrow(
      'file "raw" has 4294967296 bytes, the limit is 1073741824',
    );
  });

  it("when a document or the list of layers is too long", async () => {
    await failing(ociLayout(simple), { limits: { jsonBytes: 10 } }).toThrow(
      /^test:index\.json: has \d+ bytes, the limit is 10$/,
    );
    for (const files of [ociLayout(simple), dockerArchive(simple)]) {
      await failing(files, { limits: { layers: 1 } }).toThrow("2 layers, the limit is 1");
    }
  });
});
