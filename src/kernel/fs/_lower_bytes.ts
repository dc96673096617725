import type { LowerBytes } from "./file_contents.ts";

/** A file of the image with these bytes. */
export function lowerBytes(bytes: Uint8Array): LowerBytes {
  return {
    number: 1,
    read: (position, target, at, length) => target.set(bytes.subarray(position, position + length), at),
    bring: () => true,
  };
}
