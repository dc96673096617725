import { badInput } from "../errors.ts";
import { StreamReader } from "./byte_reader.ts";
import { decompressed } from "./decompress.ts";
import { type Digest, Digester, formatDigest } from "./digest.ts";
import { fileName, type ImageFiles } from "./image_files.ts";
import type { Layer } from "./image.ts";
import { readTar, type TarEntry } from "./tar_reader.ts";

/** What a manifest says about a blob. */
export interface BlobClaim {
  readonly digest: Digest;
  /** Undefined where only a file name says anything. */
  readonly size: number | undefined;
}

export interface BlobLayerOptions {
  readonly files: ImageFiles;
  readonly path: string;
  readonly size: number;
  readonly diffId: Digest;
  /** Undefined for old docker archives, which say nothing about the file. */
  readonly claim: BlobClaim | undefined;
  /** Most bytes when decompressed. */
  readonly limit: number;
}

/** A layer in a file of the image, plain or compressed. */
export class BlobLayer implements Layer {
  readonly name: string;
  readonly diffId: string;
  readonly size: number;

  constructor(private readonly options: BlobLayerOptions) {
    this.name = fileName(options.files, options.path);
    this.diffId = formatDigest(options.diffId);
    this.size = options.size;
  }

  async *entries(): AsyncGenerator<TarEntry> {
    // A pass of its own: a damaged blob is to be called that, and not whatever its bytes happen to look like.
    await this.verifyBlob();
    const digester = new Digester(this.options.diffId.algorithm);
    const stream = tap(decompressed(this.blob(), this.name, this.options.limit), (chunk) => digester.update(chunk));
    const reader = new StreamReader(stream);
    try {
      yield* readTar(reader, this.name);
      // What follows the archive's end counts for the digest.
      await reader.skip(Infinity);
    } finally {
      await reader.close();
    }
    const found = formatDigest(digester.finish());
    if (found !== this.diffId) {
      throw badInput(`uncompressed layer has digest ${found}, the configuration says ${this.diffId}`, {
        file: this.name,
      });
    }
  }

  private async verifyBlob(): Promise<void> {
    const { claim } = this.options;
    if (claim === undefined) return;
    await verifyBlob(this.blob(), claim, this.size, this.name);
  }

  private blob(): AsyncIterable<Uint8Array> {
    return this.options.files.open(this.options.path);
  }
}

/** Checks size and digest of a blob against what is claimed. */
export async function verifyBlob(blob: AsyncIterable<Uint8Array>, claim: BlobClaim, size: number, file: string) {
  if (claim.size !== undefined && size !== claim.size) {
    const how = size < claim.size ? " (is it cut off?)" : "";
    throw badInput(`blob has ${size} bytes, the manifest says ${claim.size}${how}`, { file });
  }
  const digester = new Digester(claim.digest.algorithm);
  for await (const chunk of blob) digester.update(chunk);
  const found = formatDigest(digester.finish());
  const wanted = formatDigest(claim.digest);
  if (found !== wanted) throw badInput(`blob has digest ${found}, the manifest says ${wanted}`, { file });
}

async function* tap(stream: AsyncIterable<Uint8Array>, look: (chunk: Uint8Array) => void): AsyncGenerator<Uint8Array> {
  for await (const chunk of stream) {
    look(chunk);
    yield chunk;
  }
}
