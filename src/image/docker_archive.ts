/** Images as `docker save` wrote them before it wrote OCI layouts, and as podman, kaniko and others still do. */
import { badInput, overLimit } from "../errors.ts";
import { parseImageConfig } from "./config.ts";
import type { Digest } from "./digest.ts";
import type { Image } from "./image.ts";
import { fileName, type ImageFiles, readSmallFile } from "./image_files.ts";
import { JsonView, parseJson } from "./json_view.ts";
import { BlobLayer } from "./layer.ts";
import type { ImageLimits } from "./limits.ts";
import { parsePlatform, requireDigest } from "./manifest.ts";
import { noPlatform, type Platform, platformRank } from "./platform.ts";
import { matchesReference } from "./reference.ts";

/** The file at which a docker archive begins. */
export const archiveManifestPath = "manifest.json";

interface SavedImage {
  readonly configPath: string;
  readonly layerPaths: readonly string[];
  readonly references: readonly string[];
}

/** Opens the linux/amd64 image of a docker archive; `reference` chooses among several. */
export async function openDockerArchive(
  files: ImageFiles,
  reference: string | undefined,
  limits: ImageLimits,
): Promise<Image> {
  const file = fileName(files, archiveManifestPath);
  const all = parseSavedImages(
    parseJson(await readSmallFile(files, archiveManifestPath, limits.jsonBytes), file),
    file,
  );
  if (all.length > limits.documents) {
    throw overLimit(`${all.length} images, the limit is ${limits.documents}`, { file });
  }
  const named = all.filter(({ references }) => reference === undefined || matchesReference(references, reference));
  const names = all.flatMap(({ references }) => references).slice(0, 20).join(", ");
  if (named.length === 0) {
    throw badInput(all.length === 0 ? "no images" : `no image called ${JSON.stringify(reference)}; there is ${names}`, {
      file,
    });
  }
  const fitting: { saved: SavedImage; document: JsonView; configFile: string }[] = [];
  const platforms: Platform[] = [];
  for (const saved of named) {
    const { document, configFile } = await readConfig(files, saved.configPath, limits);
    const platform = parsePlatform(document);
    platforms.push(platform);
    if (platformRank(platform) !== undefined) fitting.push({ saved, document, configFile });
  }
  if (fitting.length === 0) throw noPlatform(platforms, file);
  if (fitting.length > 1) {
    throw badInput(`${fitting.length} images for linux/amd64, name one; there is ${names}`, { file });
  }
  const [{ saved, document, configFile }] = fitting;
  return await openSaved(files, saved, parseImageConfig(document, configFile), limits);
}

async function openSaved(
  files: ImageFiles,
  saved: SavedImage,
  config: Image["config"],
  limits: ImageLimits,
): Promise<Image> {
  const { layerPaths, references } = saved;
  const file = fileName(files, archiveManifestPath);
  if (layerPaths.length > limits.layers) {
    throw overLimit(`${layerPaths.length} layers, the limit is ${limits.layers}`, { file });
  }
  if (layerPaths.length !== config.diffIds.length) {
    throw badInput(`${layerPaths.length} layers, but the configuration has ${config.diffIds.length} diff_ids`, {
      file,
    });
  }
  const layers = await Promise.all(layerPaths.map(async (path, i) => {
    const size = await files.size(path);
    if (size === undefined) throw badInput("missing from the image", { file: fileName(files, path) });
    const digest = digestInPath(path);
    const claim = digest && { digest, size: undefined };
    return new BlobLayer({ files, path, size, claim, diffId: config.diffIds[i], limit: limits.layerBytes });
  }));
  return { name: files.name, references, digest: undefined, config, layers };
}

function parseSavedImages(value: unknown, file: string): SavedImage[] {
  if (!Array.isArray(value)) throw badInput("the document is not a list of images", { file });
  return value.map((item, i) => {
    const view = new JsonView(item, file, `[${i}]`);
    return { configPath: view.text("Config"), layerPaths: view.texts("Layers"), references: view.texts("RepoTags") };
  });
}

async function readConfig(files: ImageFiles, path: string, limits: ImageLimits) {
  const configFile = fileName(files, path);
  const bytes = await readSmallFile(files, path, limits.jsonBytes);
  const digest = configDigestInPath(path);
  if (digest !== undefined) requireDigest(bytes, digest, configFile);
  return { document: new JsonView(parseJson(bytes, configFile), configFile), configFile };
}

// Docker and podman call it <digest>.json, others sha256:<digest>, newer docker blobs/sha256/<digest>.
function configDigestInPath(path: string): Digest | undefined {
  const match = /^(?:blobs\/sha256\/|sha256:)?([0-9a-f]{64})(?:\.json)?$/.exec(path);
  return match === null ? undefined : { algorithm: "sha256", hex: match[1] };
}

// Elsewhere a layer's name need not be its digest; the diff_ids of the configuration are checked all the same.
function digestInPath(path: string): Digest | undefined {
  const match = /^blobs\/sha256\/([0-9a-f]{64})$/.exec(path);
  return match === null ? undefined : { algorithm: "sha256", hex: match[1] };
}
