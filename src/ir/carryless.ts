/** Products of polynomials over GF(2), 64 by 64 bits: what PCLMULQDQ computes. */

/** All 128 bits of the product. */
export function carrylessProduct(a: bigint, b: bigint): bigint {
  let product = 0n;
  for (let shifted = a, bits = b; bits !== 0n; bits >>= 1n, shifted <<= 1n) if (bits & 1n) product ^= shifted;
  return product;
}
