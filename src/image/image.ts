import type { LayerSource } from "../rootfs/merge.ts";
import type { ImageConfig } from "./config.ts";
import type { TarEntry } from "./tar_reader.ts";

/** One container image for linux/amd64, wherever it comes from. */
export interface Image {
  /** What the user called it. */
  readonly name: string;
  /** Names under which the image was saved, such as "docker.io/library/busybox:latest". */
  readonly references: readonly string[];
  /** Digest of the manifest; an old docker archive has none. */
  readonly digest: string | undefined;
  readonly config: ImageConfig;
  /** The lowest layer first. */
  readonly layers: readonly Layer[];
}

/** One layer: a tar archive with what it adds and deletes. */
export interface Layer extends LayerSource {
  /** Digest of the uncompressed archive: what a layer is known by, however it is compressed. */
  readonly diffId: string;
  /** Bytes of the blob as it is stored. */
  readonly size: number;
  /** Entries in the archive's order. All digests are checked; the last check comes with the end of the entries. */
  entries(): AsyncIterable<TarEntry>;
}
