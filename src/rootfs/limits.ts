/** Bounds on what a root file system may grow to. They stop hostile images; real ones stay far below. */
export interface RootfsLimits {
  /** Entries over all layers. Large real images (machine-learning stacks) have about 200,000. */
  readonly entries: number;
  /** Bytes of one file. */
  readonly fileBytes: number;
  /** Bytes of all files of all layers, those that a later layer deletes included, because all are read. */
  readonly totalBytes: number;
  /** Directories within each other. */
  readonly depth: number;
  /** Path components walked over all entries, so that chains of symbolic links cannot multiply the work. */
  readonly steps: number;
}

export const defaultRootfsLimits: RootfsLimits = {
  entries: 500_000,
  fileBytes: 2 ** 30,
  totalBytes: 4 * 2 ** 30,
  depth: 512,
  steps: 50_000_000,
};

/** Bytes in one name and in one path or link target (limits.h: NAME_MAX, PATH_MAX less the NUL). */
export const nameBytesMax = 255;
export const pathBytesMax = 4095;

/** Symbolic links followed in one path (path_resolution(7)). */
export const symlinksMax = 40;
