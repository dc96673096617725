/** CRC-32C (Castagnoli) as the CRC32 instruction computes it: bits reflected, no inversion before or after. */

const REFLECTED_POLYNOMIAL = 0x82f63b78;

const TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? crc >>> 1 ^ REFLECTED_POLYNOMIAL : crc >>> 1;
  return crc;
});

/** The CRC after `bytes` more bytes of data, lowest first. */
export function crc32c(crc: number, data: number, bytes: number): number {
  for (let i = 0; i < bytes; i++) crc = crc >>> 8 ^ TABLE[(crc ^ data >>> 8 * i) & 0xff];
  return crc | 0;
}
