/** Manifests and indexes of OCI and docker, which differ in media types only (OCI image spec, manifest.md, image-index.md). */
import { badInput, overLimit, unsupported } from "../errors.ts";
import { type Digest, digestOf, formatDigest, parseDigest } from "./digest.ts";
import { fileName, type ImageFiles, readSmallFile } from "./image_files.ts";
import { JsonView, parseJson } from "./json_view.ts";
import type { BlobClaim } from "./layer.ts";
import type { Platform } from "./platform.ts";

/** A reference to a blob. */
export interface Descriptor extends BlobClaim {
  readonly mediaType: string;
  readonly size: number;
  readonly platform: Platform | undefined;
  readonly annotations: ReadonlyMap<string, string>;
}

export interface Manifest {
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

export function parseDescriptor(view: JsonView, file: string): Descriptor {
  const platform = view.optionalObject("platform");
  return {
    mediaType: view.optionalText("mediaType") ?? "",
    digest: parseDigest(view.text("digest"), { file }),
    size: view.size("size"),
    platform: platform && parsePlatform(platform),
    annotations: view.textMap("annotations"),
  };
}

/** Platform fields, as they stand in descriptors and in configurations. */
export function parsePlatform(view: JsonView): Platform {
  return {
    os: view.optionalText("os") ?? "unknown",
    architecture: view.optionalText("architecture") ?? "unknown",
    variant: view.optionalText("variant") ?? "",
  };
}

/** Whether a document is an index, whatever its media type says. */
export function isIndex(view: JsonView): boolean {
  return view.has("manifests");
}

/** Descriptors of the manifests in an index. */
export function parseIndex(view: JsonView, file: string): Descriptor[] {
  return view.objects("manifests").map((manifest) => parseDescriptor(manifest, file));
}

export function parseManifest(view: JsonView, file: string, layersMax: number): Manifest {
  if (view.has("fsLayers")) {
    throw unsupported("a docker schema 1 manifest; push the image again with a newer tool", { file });
  }
  if (!view.has("layers")) throw badInput("is neither an image manifest nor an index", { file });
  const config = parseDescriptor(view.object("config"), file);
  if (!configTypes.has(config.mediaType)) {
    throw unsupported(`not a container image but an artifact of type ${JSON.stringify(config.mediaType)}`, { file });
  }
  const layers = view.objects("layers").map((layer) => parseDescriptor(layer, file));
  if (layers.length > layersMax) throw overLimit(`${layers.length} layers, the limit is ${layersMax}`, { file });
  for (const layer of layers) requireLayerType(layer.mediaType, file);
  return { config, layers };
}

/** The JSON document behind a descriptor, with digest and size checked. */
export async function readDocument(files: ImageFiles, descriptor: BlobClaim, limit: number) {
  const path = blobPath(descriptor.digest);
  const file = fileName(files, path);
  const bytes = await readSmallFile(files, path, limit);
  if (descriptor.size !== undefined && bytes.length !== descriptor.size) {
    throw badInput(`blob has ${bytes.length} bytes, its descriptor says ${descriptor.size}`, { file });
  }
  requireDigest(bytes, descriptor.digest, file);
  return { view: new JsonView(parseJson(bytes, file), file), file };
}

/** Throws unless bytes have the digest by which they are known. */
export function requireDigest(bytes: Uint8Array, wanted: Digest, file: string): void {
  const found = digestOf(bytes, wanted.algorithm);
  if (found.hex === wanted.hex) return;
  throw badInput(`blob has digest ${formatDigest(found)} instead of ${formatDigest(wanted)}`, { file });
}

/** Where an OCI layout keeps a blob. */
export function blobPath({ algorithm, hex }: Digest): string {
  return `blobs/${algorithm}/${hex}`;
}

const configTypes = new Set([
  "application/vnd.oci.image.config.v1+json",
  "application/vnd.docker.container.image.v1+json",
  // Written by old tools; the content is a docker configuration.
  "application/octet-stream",
]);

const layerTypes = new Set([
  "application/vnd.oci.image.layer.v1.tar",
  "application/vnd.oci.image.layer.v1.tar+gzip",
  "application/vnd.oci.image.layer.v1.tar+zstd",
  "application/vnd.docker.image.rootfs.diff.tar",
  "application/vnd.docker.image.rootfs.diff.tar.gzip",
  "application/vnd.docker.image.rootfs.diff.tar.zstd",
]);

function requireLayerType(mediaType: string, file: string): void {
  if (layerTypes.has(mediaType)) return;
  const quoted = JSON.stringify(mediaType.slice(0, 200));
  if (/foreign|nondistributable/.test(mediaType)) {
    throw unsupported(`layer of type ${quoted} is not part of the image, it has to be fetched from elsewhere`, {
      file,
    });
  }
  throw unsupported(`layer of type ${quoted}`, { file });
}
