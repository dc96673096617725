import type { Region } from "../discover/region.ts";
import { CodeRange } from "../machine/code_range.ts";

/** The bytes a region was made from: its instructions, joined where they are adjacent. Switch tables are checked when run. */
export function codeRanges(u8: Uint8Array, region: Region): CodeRange[] {
  const spans = region.blocks
    .map((b) => {
      const last = b.instructions.at(-1);
      return [b.pc, b.failure !== null ? b.failure.pc + 1 : last === undefined ? b.pc + 1 : last.nextPc];
    })
    .sort((a, b) => a[0] - b[0]);
  const joined: number[][] = [];
  for (const [start, end] of spans) {
    const last = joined.at(-1);
    if (last !== undefined && start <= last[1]) last[1] = Math.max(last[1], end);
    else joined.push([start, end]);
  }
  return joined.map(([start, end]) => new CodeRange(u8, start, end));
}
