/** What a host has logged of the guest: misses, time outside code made ahead, memory. */
import type { GuestMemory } from "./results.ts";

/** All regions that were said to be missing. */
export function missesIn(log: string): number {
  return [...log.matchAll(/(\d+) regions of \S.* were not translated ahead/g)].reduce(
    (n, [, count]) => n + Number(count),
    0,
  );
}

/** The last word on time; a host that has never needed other code says nothing. */
export function outsideIn(log: string): { share: number; ms: number } {
  const said = [...log.matchAll(/([\d.]+) of [\d.]+ ms that the guest ran \(([\d.]+) %\)/g)].at(-1);
  return said === undefined ? { share: 0, ms: 0 } : { share: Number(said[2]) / 100, ms: Number(said[1]) };
}

/** The last word on memory, which is the most. */
export function memoryIn(log: string): GuestMemory | null {
  const line = /guest memory: ([\d.]+) MB, (\d+) memories, the largest ([\d.]+) MB; ([\d.]+) MB kept/g;
  const said = [...log.matchAll(line)].at(-1);
  if (said === undefined) return null;
  const [totalMb, count, largestMb, keptMb] = said.slice(1).map(Number);
  return { totalMb, count, largestMb, keptMb };
}
