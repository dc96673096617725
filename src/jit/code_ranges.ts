import { codeSpans, type Region } from "../discover/region.ts";
import { CodeRange } from "../machine/code_range.ts";

/** The bytes a region was made from. Switch tables are checked when run. */
export function codeRanges(u8: Uint8Array, region: Region): CodeRange[] {
  return codeSpans(region.blocks).map(([start, end]) => new CodeRange(u8, start, end));
}
