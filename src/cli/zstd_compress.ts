/** Zstandard frames for the contents of a package (read by src/zstd). */
import { constants, zstdCompressSync } from "node:zlib";

/**
 * Level 9 reads 50 to 77 MB a second and leaves a third; level 19 a tenth less than that at 5 MB a second. Without these
 * bounds on its tables zlib would make some for 8 MB each time.
 */
const QUICK = 9, SMALL = 19, WINDOW_LOG = 18, CHAIN_LOG = 19;

/** A function that makes frames; `small` ones take some fifteen times as long. */
export function zstdCompressor({ small }: { small: boolean }): (bytes: Uint8Array) => Uint8Array {
  const params = {
    [constants.ZSTD_c_compressionLevel]: small ? SMALL : QUICK,
    [constants.ZSTD_c_windowLog]: WINDOW_LOG,
    [constants.ZSTD_c_hashLog]: WINDOW_LOG,
    [constants.ZSTD_c_chainLog]: CHAIN_LOG,
  };
  return (bytes) => zstdCompressSync(bytes, { params });
}
