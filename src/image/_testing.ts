/** Images for tests. Archives are written with node-tar, so that our reader is held against another implementation. */
import { gzipSync, zstdCompressSync } from "node:zlib";
import { Header, Pax } from "tar";
import { mergeLayers } from "../rootfs/merge.ts";
import type { LayerEntryType } from "../rootfs/merge.ts";
import type { RootfsLimits } from "../rootfs/limits.ts";
import type { Tree } from "../rootfs/tree.ts";
import { walkTree } from "../rootfs/walk.ts";
import { StreamReader } from "./byte_reader.ts";
import { digestOf, formatDigest } from "./digest.ts";
import type { ImageFiles } from "./image_files.ts";
import { MemorySource } from "./source.ts";
import { readTar } from "./tar_reader.ts";

export interface TarSpec {
  readonly path: string;
  readonly type?: LayerEntryType;
  readonly content?: string | Uint8Array;
  readonly linkPath?: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  /** Seconds. */
  readonly mtime?: number;
}

export type LayerCompression = "none" | "gzip" | "zstd";

export interface LayerSpec {
  readonly tar: Uint8Array;
  readonly compression?: LayerCompression;
  readonly mediaType?: string;
}

export interface ImageSpec {
  readonly layers: readonly LayerSpec[];
  /** The `config` object of the configuration. */
  readonly config?: Record<string, unknown>;
  readonly architecture?: string;
  readonly os?: string;
  readonly variant?: string;
  /** Fields to put over the configuration document. */
  readonly document?: Record<string, unknown>;
  readonly reference?: string;
}

/** Files of an image by path; tests damage them at will. */
export type Files = Map<string, Uint8Array>;

const typeNames = {
  "file": "File",
  "directory": "Directory",
  "symlink": "SymbolicLink",
  "hardlink": "Link",
  "fifo": "FIFO",
  "character device": "CharacterDevice",
  "block device": "BlockDevice",
} as const;

export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function concat(...parts: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** One entry, with a pax header where ustar cannot say it. */
export function tarEntry(spec: TarSpec): Uint8Array {
  const content = typeof spec.content === "string" ? utf8(spec.content) : spec.content ?? new Uint8Array(0);
  const data = {
    path: spec.path,
    type: typeNames[spec.type ?? "file"],
    mode: spec.mode ?? (spec.type === "directory" ? 0o755 : 0o644),
    uid: spec.uid ?? 0,
    gid: spec.gid ?? 0,
    size: content.length,
    mtime: new Date((spec.mtime ?? 0) * 1000),
    ...(spec.linkPath === undefined ? {} : { linkpath: spec.linkPath }),
  };
  const header = new Header(data);
  const needsPax = header.encode();
  const pax = needsPax ? new Uint8Array(new Pax(data).encode()) : new Uint8Array(0);
  return concat(pax, new Uint8Array(header.block!), padded(content));
}

export function tarOf(entries: readonly TarSpec[]): Uint8Array {
  return concat(...entries.map(tarEntry), new Uint8Array(1024));
}

/** Content with zeros up to a whole block. */
export function padded(content: Uint8Array): Uint8Array {
  return concat(content, new Uint8Array((512 - content.length % 512) % 512));
}

/** A raw header, for what node-tar would not write: fields are put over an ustar header at their offsets. */
export function rawHeader(fields: readonly (readonly [offset: number, value: string | Uint8Array])[]): Uint8Array {
  const block = tarEntry({ path: "raw" }).slice(0, 512);
  for (const [offset, value] of fields) block.set(typeof value === "string" ? utf8(value) : value, offset);
  block.set(utf8("        "), 148);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.set(utf8(`${sum.toString(8).padStart(6, "0")}\0 `), 148);
  return block;
}

export async function* chunksOf(bytes: Uint8Array, length = 1000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

export function compress(bytes: Uint8Array, compression: LayerCompression = "none"): Uint8Array {
  if (compression === "gzip") return new Uint8Array(gzipSync(bytes));
  return compression === "zstd" ? new Uint8Array(zstdCompressSync(bytes)) : bytes;
}

/** Merges archives as the layers of an image. */
export async function mergeTars(tars: readonly Uint8Array[], limits: Partial<RootfsLimits> = {}) {
  return await mergeLayers(
    tars.map((tar, i) => ({
      name: `layer ${i}`,
      entries: () => readTar(new StreamReader(chunksOf(tar)), `layer ${i}`),
    })),
    limits,
  );
}

/** A tree in lines such as "-rw-r--r-- 0:0 /etc/passwd", for comparing. */
export function listTree(tree: Tree): string[] {
  const letters = { file: "-", directory: "d", symlink: "l", fifo: "p" };
  return [...walkTree(tree)].map(({ path, number, inode }) => {
    const text = inode.type === "file" ? ` = ${new TextDecoder().decode(tree.read(number))}` : "";
    return `${letters[inode.type]} ${path}${inode.type === "symlink" ? ` -> ${inode.target}` : ""}${text}`;
  });
}

/** Files of an OCI layout with one or more images. */
export function ociLayout(...images: ImageSpec[]): Files {
  const files: Files = new Map([["oci-layout", utf8(`{"imageLayoutVersion":"1.0.0"}`)]]);
  const manifests = images.map((image) => {
    const { config, layers } = parts(image);
    for (const { blob } of layers) addBlob(files, blob);
    const manifest = {
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      config: { mediaType: "application/vnd.oci.image.config.v1+json", ...addBlob(files, config) },
      layers: layers.map(({ blob, mediaType }) => ({ mediaType, digest: sha256(blob), size: blob.length })),
    };
    return {
      mediaType: manifest.mediaType,
      ...addBlob(files, json(manifest)),
      platform: platformOf(image),
      annotations: image.reference === undefined ? {} : { "io.containerd.image.name": image.reference },
    };
  });
  files.set("index.json", json({ schemaVersion: 2, manifests }));
  return files;
}

/** Files of a docker archive as written before version 25. */
export function dockerArchive(...images: ImageSpec[]): Files {
  const files: Files = new Map();
  const manifest = images.map((image, n) => {
    const { config, layers } = parts(image);
    const configPath = `${sha256(config).slice("sha256:".length)}.json`;
    files.set(configPath, config);
    const paths = layers.map(({ blob }, i) => {
      files.set(`image${n}/layer${i}/layer.tar`, blob);
      return `image${n}/layer${i}/layer.tar`;
    });
    return { Config: configPath, RepoTags: image.reference === undefined ? null : [image.reference], Layers: paths };
  });
  files.set("manifest.json", json(manifest));
  return files;
}

/** Adds a blob to a layout and gives what a descriptor says about it. */
export function addBlob(files: Files, bytes: Uint8Array): { digest: string; size: number } {
  const digest = sha256(bytes);
  files.set(`blobs/${digest.replace(":", "/")}`, bytes);
  return { digest, size: bytes.length };
}

export function json(value: unknown): Uint8Array {
  return utf8(JSON.stringify(value));
}

export function sha256(bytes: Uint8Array): string {
  return formatDigest(digestOf(bytes));
}

/** Files as an image source that calls itself "test". */
export function memoryFiles(files: Files): ImageFiles {
  return {
    name: "test",
    size: (path) => Promise.resolve(files.get(path)?.length),
    open: (path) => chunksOf(files.get(path)!),
  };
}

/** Files as an archive. */
export function archiveOf(files: Files, compression: LayerCompression = "none"): MemorySource {
  const tar = tarOf([...files].map(([path, content]) => ({ path, content })));
  return new MemorySource("test.tar", [...split(compress(tar, compression))]);
}

function* split(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 700) yield bytes.subarray(at, at + 700);
}

function parts(image: ImageSpec) {
  const layers = image.layers.map(({ tar, compression = "none", mediaType }) => ({
    blob: compress(tar, compression),
    mediaType: mediaType ?? `application/vnd.oci.image.layer.v1.tar${compression === "none" ? "" : `+${compression}`}`,
  }));
  const config = json({
    ...platformOf(image),
    config: image.config ?? { Entrypoint: ["/server"] },
    rootfs: { type: "layers", diff_ids: image.layers.map(({ tar }) => sha256(tar)) },
    ...image.document,
  });
  return { config, layers };
}

function platformOf({ os = "linux", architecture = "amd64", variant }: ImageSpec) {
  return { os, architecture, ...(variant === undefined ? {} : { variant }) };
}
