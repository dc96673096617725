/** Images in an OCI layout: index.json and blobs (OCI image spec, image-layout.md). `docker save` writes one, too. */
import { badInput, overLimit } from "../errors.ts";
import { parseImageConfig } from "./config.ts";
import { formatDigest } from "./digest.ts";
import type { Image } from "./image.ts";
import { fileName, type ImageFiles, readSmallFile } from "./image_files.ts";
import { JsonView, parseJson } from "./json_view.ts";
import { BlobLayer } from "./layer.ts";
import type { ImageLimits } from "./limits.ts";
import {
  blobPath,
  type Descriptor,
  isIndex,
  parseIndex,
  parseManifest,
  parsePlatform,
  readDocument,
} from "./manifest.ts";
import { noPlatform, type Platform, platformRank, requireOurPlatform } from "./platform.ts";
import { matchesReference } from "./reference.ts";

/** The file at which a layout begins. */
export const layoutIndexPath = "index.json";

interface Candidate {
  readonly descriptor: Descriptor;
  readonly platform: Platform;
  readonly references: readonly string[];
}

/** Opens the linux/amd64 image of a layout; `reference` chooses among several. */
export async function openOciLayout(
  files: ImageFiles,
  reference: string | undefined,
  limits: ImageLimits,
): Promise<Image> {
  const { descriptor, references } = choose(await new Search(files, limits).run(), reference, files);
  const { view, file } = await readDocument(files, descriptor, limits.jsonBytes);
  const manifest = parseManifest(view, file, limits.layers);
  const document = await readDocument(files, manifest.config, limits.jsonBytes);
  requireOurPlatform(parsePlatform(document.view), document.file);
  const config = parseImageConfig(document.view, document.file);
  if (config.diffIds.length !== manifest.layers.length) {
    const counts = `${manifest.layers.length} layers, but the configuration has ${config.diffIds.length} diff_ids`;
    throw badInput(`the manifest has ${counts}`, { file });
  }
  const layers = await Promise.all(manifest.layers.map(async (claim, i) => {
    const path = blobPath(claim.digest);
    const size = await files.size(path);
    if (size === undefined) throw badInput("missing from the image", { file: fileName(files, path) });
    return new BlobLayer({ files, path, size, claim, diffId: config.diffIds[i], limit: limits.layerBytes });
  }));
  return { name: files.name, references, digest: formatDigest(descriptor.digest), config, layers };
}

/** Walks the indexes of a layout and lists the images in them. */
class Search {
  private readonly candidates: Candidate[] = [];
  private documents = 0;

  constructor(private readonly files: ImageFiles, private readonly limits: ImageLimits) {}

  async run(): Promise<Candidate[]> {
    const file = fileName(this.files, layoutIndexPath);
    const bytes = await readSmallFile(this.files, layoutIndexPath, this.limits.jsonBytes);
    await this.visitIndex(new JsonView(parseJson(bytes, file), file), file, [], 1);
    return this.candidates;
  }

  private async visitIndex(index: JsonView, file: string, inherited: readonly string[], depth: number): Promise<void> {
    if (depth > this.limits.indexDepth) {
      throw overLimit(`more than ${this.limits.indexDepth} indexes in each other`, { file });
    }
    for (const descriptor of parseIndex(index, file)) {
      if (isAttestation(descriptor)) continue;
      const references = [...inherited, ...referencesOf(descriptor)];
      const { platform } = descriptor;
      if (platform !== undefined && !isIndexType(descriptor.mediaType)) {
        this.add({ descriptor, platform, references });
      } else {
        await this.visitUnknown(descriptor, references, depth);
      }
    }
  }

  // An index, or a manifest whose platform only its configuration tells.
  private async visitUnknown(descriptor: Descriptor, references: readonly string[], depth: number): Promise<void> {
    const { view, file } = await this.document(descriptor);
    if (isIndex(view)) return await this.visitIndex(view, file, references, depth + 1);
    const { config } = parseManifest(view, file, this.limits.layers);
    this.add({ descriptor, platform: parsePlatform((await this.document(config)).view), references });
  }

  private document(descriptor: Descriptor) {
    if (++this.documents > this.limits.documents) {
      throw overLimit(`more than ${this.limits.documents} manifests to look at`, { file: this.files.name });
    }
    return readDocument(this.files, descriptor, this.limits.jsonBytes);
  }

  private add(candidate: Candidate): void {
    this.candidates.push(candidate);
  }
}

function choose(all: readonly Candidate[], reference: string | undefined, files: ImageFiles): Candidate {
  const file = files.name;
  const named = all.filter(({ references }) => reference === undefined || matchesReference(references, reference));
  if (named.length === 0 && all.length > 0) {
    throw badInput(`no image called ${JSON.stringify(reference)}; there ${listReferences(all)}`, { file });
  }
  if (named.length === 0) throw badInput("no image in the index", { file });
  const ranked = named.map((candidate) => ({ candidate, rank: platformRank(candidate.platform) }));
  const best = Math.min(...ranked.map(({ rank }) => rank ?? Infinity));
  if (best === Infinity) throw noPlatform(named.map(({ platform }) => platform), file);
  const chosen = ranked.filter(({ rank }) => rank === best).map(({ candidate }) => candidate);
  // One image with two tags is listed twice.
  const digests = new Set(chosen.map(({ descriptor }) => formatDigest(descriptor.digest)));
  if (digests.size > 1) {
    throw badInput(`${digests.size} images for linux/amd64, name one; there ${listReferences(chosen)}`, { file });
  }
  return { ...chosen[0], references: [...new Set(chosen.flatMap(({ references }) => references))] };
}

function listReferences(candidates: readonly Candidate[]): string {
  const references = [...new Set(candidates.flatMap((candidate) => candidate.references))].slice(0, 20);
  return references.length === 0 ? "are no names" : `is ${references.join(", ")}`;
}

function referencesOf({ annotations }: Descriptor): string[] {
  const keys = ["io.containerd.image.name", "org.opencontainers.image.ref.name"];
  return keys.map((key) => annotations.get(key)).filter((name) => name !== undefined && name !== "") as string[];
}

// BuildKit puts statements about an image beside it, as manifests for the platform unknown/unknown.
function isAttestation({ annotations, platform }: Descriptor): boolean {
  return annotations.has("vnd.docker.reference.type") ||
    (platform?.os === "unknown" && platform.architecture === "unknown");
}

function isIndexType(mediaType: string): boolean {
  return mediaType === "application/vnd.oci.image.index.v1+json" ||
    mediaType === "application/vnd.docker.distribution.manifest.list.v2+json";
}
