/** What a run of an entry gives: figures that are kept as JSON, one file an entry (results/NAME.json). */
import type { HostName } from "./hosts.ts";

export interface Size {
  raw: number;
  gzip: number;
}

/** Linear memories of one instance when they were largest between two runs of the guest, in MB; by the host's log. */
export interface GuestMemory {
  totalMb: number;
  count: number;
  largestMb: number;
  /** Kept for processes and instances to come. */
  keptMb: number;
}

/** What one host made of the probes. */
export interface HostReport {
  host: HostName;
  passed: number;
  /** Failed, and explained by a limit of the host. */
  limited: { id: string; reason: string }[];
  failed: { id: string; differences: string[] }[];
  firstByteMs: number;
  /** Regions that were not translated ahead. */
  misses: number;
  /** Share of the guest's time that was spent outside code translated ahead, and how much that was. */
  outside: { share: number; ms: number };
  memory: GuestMemory | null;
  /** Under load, with --load: of the host, and of the native server in between. */
  requestsPerSecond?: number;
  nativeRequestsPerSecond?: number;
  /** Why there are no such figures. */
  loadError?: string;
  error?: string;
}

export interface EntryResult {
  entry: string;
  description: string;
  /** Translated without the optimiser. */
  fast: boolean;
  /** Translations of earlier runs were taken where there were some. */
  cache: boolean;
  /** On Workers one instance answered all requests (translate --stateful). */
  stateful: boolean;
  /** Of the machine when all was done (5 minutes); times are noise where it is above the number of processors. */
  loadAverage: number;
  /** Of the translation: all of it, and its stages. */
  seconds: number;
  stages: Record<string, number>;
  /** All code modules; snapshot of kernel and memory; all files of the output. */
  wasm: Size;
  snapshot: Size;
  output: Size;
  /** Limits of hosts that the budget says are exceeded. */
  over: string[];
  hosts: HostReport[];
}

/** How many probes a host was sent. */
export function probesOf({ passed, limited, failed }: HostReport): number {
  return passed + limited.length + failed.length;
}
