/** How much linear memory the guests have, said on the log when it is more than ever: for who has to fit a host's limit. */
import type { Kernel } from "../kernel/kernel.ts";
import type { BodyPool } from "../machine/body_pool.ts";
import { addressSpaces } from "../snapshot/snapshot.ts";

/** Shortest time between two lines. */
const INTERVAL_MS = 1000;

export class MemoryReport {
  #saidBytes = 0;
  #lastMs = -Infinity;

  constructor(
    private readonly pool: Pick<BodyPool, "bytes">,
    private readonly log: (line: string) => void,
  ) {}

  /** Looks at an instance that has just run: at what its processes have now, not at what ended ones had. */
  update(kernel: Pick<Kernel, "processes">, nowMs: number): void {
    let bytes = 0, largest = 0, made = 0;
    for (const space of addressSpaces(kernel)) {
      // What a restore has left for later takes no memory yet.
      if (!space.hasMachine) continue;
      made++;
      bytes += space.memoryBytes;
      largest = Math.max(largest, space.memoryBytes);
    }
    if (bytes <= this.#saidBytes || nowMs - this.#lastMs < INTERVAL_MS) return;
    this.#saidBytes = bytes;
    this.#lastMs = nowMs;
    this.log(
      `guest memory: ${megabytes(bytes)} MB, ${made} memories, the largest ${megabytes(largest)} MB; ` +
        `${megabytes(this.pool.bytes)} MB kept for later processes`,
    );
  }
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
