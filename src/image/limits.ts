/** Bounds on what is read of an image before its root file system's own limits apply. */
export interface ImageLimits {
  /** Bytes of one JSON document: index, manifest or configuration. Registries refuse manifests above 4 MiB. */
  readonly jsonBytes: number;
  /** Layers of one image; overlayfs ends at 128 or so, and docker with it. */
  readonly layers: number;
  /** Bytes of one layer, decompressed. */
  readonly layerBytes: number;
  /** Members of an outer archive. */
  readonly members: number;
  /** Bytes of an outer archive that is itself compressed, decompressed, for it is held in memory. */
  readonly archiveBytes: number;
  /** Documents looked at while searching indexes within indexes. */
  readonly documents: number;
  /** Indexes within each other. */
  readonly indexDepth: number;
}

export const defaultImageLimits: ImageLimits = {
  jsonBytes: 4 << 20,
  layers: 512,
  layerBytes: 8 * 2 ** 30,
  members: 100_000,
  archiveBytes: 2 * 2 ** 30,
  documents: 256,
  indexDepth: 4,
};
