/** lighter.json: what a translated image is, for the run time and for people. Plain JSON; byte counts are numbers. */

export const MANIFEST_FORMAT = 1;

export interface Manifest {
  format: typeof MANIFEST_FORMAT;
  /** The image it was made from. */
  image: { reference: string | null; digest: string | null };
  process: {
    argv: string[];
    env: string[];
    cwd: string;
    uid: number;
    gid: number;
    groups: number[];
    /** Signal number. */
    stopSignal: number;
  };
  /** Ports the image declares. */
  exposedPorts: { number: number; protocol: string }[];
  /** Where the server listened when it was frozen; the first one gets the requests. */
  listeners: { ip: string; port: number }[];
  /** Code modules, by the path of the program in the image. */
  programs: ManifestProgram[];
  /** File with the snapshot, the code maps and the root file system. */
  data: string;
  /** Names of the blobs in the data file. */
  blobs: string[];
  /** Chunks of root file system content among the blobs: "rootfs.0" ... */
  rootfsChunks: number;
  unsupported: ManifestUnsupported;
  sizes: Record<string, { raw: number; gzip: number }>;
  memory: { guestBytes: number; pagesBytes: number };
}

export interface ManifestProgram {
  /** Program key: its path in the image. */
  key: string;
  /** Name of the code module (traps are found by it) and its file. */
  name: string;
  file: string;
  /** Regions compiled, the x86 bytes they cover, and the module's size. */
  entries: number;
  x86Bytes: number;
  wasmBytes: number;
}

/** What was met that is not supported. */
export interface ManifestUnsupported {
  instructions: { pc: string; bytes: string; mnemonic: string; count: number; program: string }[];
  syscalls: { number: number; name: string; count: number }[];
}
