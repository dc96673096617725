/** Deflate (RFC 1951), expanded at once into memory whose size is known. The only file that knows fflate. */
import { inflateSync } from "fflate";
import { badInput } from "../errors.ts";

/**
 * Expands what fills `out`. Throws bad input for what is damaged or holds less; what it holds more, or has behind its end, is not
 * looked at: whoever stores it knows a hash of the content. The work is bounded by both lengths.
 */
export function inflateInto(deflated: Uint8Array, out: Uint8Array): void {
  let length: number;
  try {
    // Of nothing, fflate gives back `out` as it is.
    length = deflated.length === 0 ? 0 : inflateSync(deflated, { out }).length;
  } catch (e) {
    throw badInput(`damaged deflate data: ${(e as Error).message}`, {}, { cause: e });
  }
  if (length !== out.length) throw badInput(`damaged deflate data: ${length} bytes in place of ${out.length}`);
}
