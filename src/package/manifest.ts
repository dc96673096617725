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
  /** The processor that the guest is shown, at build time and at run time: x86-64-v2 or x86-64-v3. */
  cpu: string;
  /** Ports the image declares. */
  exposedPorts: { number: number; protocol: string }[];
  /** Where the server listened when it was frozen. */
  listeners: { ip: string; port: number }[];
  /** The port among them that gets the requests. */
  port: number;
  /** Code modules: of each file of the image that has code one, or one with what was run and one with the rest. */
  modules: ManifestModule[];
  /** Names of the modules that a process of the snapshot has and runs, in order: the blob lookup.N is theirs. */
  lookups: string[][];
  /** Names of modules that worker.js does not have, so that it fits the limits of Workers; their code is interpreted there. */
  leftOut: string[];
  /** File with the snapshot, the code maps and the root file system. */
  data: string;
  /** Names of the blobs in the data file. */
  blobs: string[];
  /**
   * Content of the root file system: its chunks among the blobs ("rootfs.0" ...) and their bytes, and what is in compressed
   * frames: how many groups of them, a file each (compressed_files.ts), and bytes as stored and as read.
   */
  rootfs: { chunks: number; chunkBytes: number; groups: number; storedBytes: number; expandedBytes: number };
  /** The hosts log how much memory the guest has when it is more than ever. */
  logMemory?: boolean;
  unsupported: ManifestUnsupported;
  sizes: Record<string, { raw: number; gzip: number }>;
  /** Bytes: guest memory from its start to its highest page, what a restore fills of it, what of that is in no file of the image. */
  memory: { guestBytes: number; residentBytes: number; pagesBytes: number };
}

export interface ManifestModule {
  /** The file of the image it was made from: its path, its inode number in the root file system, its executable mapping. */
  path: string;
  inode: number;
  start: number;
  end: number;
  /** Name of the code module (traps are found by it) and its file. */
  name: string;
  file: string;
  /** Table slot of its first region. */
  firstSlot: number;
  /** Regions compiled, the x86 bytes that those of the file cover, and the module's size. */
  entries: number;
  x86Bytes: number;
  wasmBytes: number;
  /** Whether the training requests ran it. Others are loaded when the guest gets to them. */
  isRun: boolean;
}

/** What was met that is not supported. */
export interface ManifestUnsupported {
  instructions: { pc: string; bytes: string; mnemonic: string; feature: string; count: number; program: string }[];
  syscalls: { number: number; name: string; count: number }[];
}
