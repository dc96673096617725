/** AES's substitution of bytes and its inverse (FIPS 197, 5.1.1 and 5.3.2), computed: an inverse in GF(2^8), then an affine map. */

/** Product in GF(2^8) modulo x^8 + x^4 + x^3 + x + 1. */
function multiply(a: number, b: number): number {
  let product = 0;
  for (; b !== 0; b >>= 1) {
    if (b & 1) product ^= a;
    a = a & 0x80 ? (a << 1) ^ 0x11b : a << 1;
  }
  return product;
}

/** a^254, which is the inverse, and zero for zero. */
function inverse(a: number): number {
  let power = 1;
  for (let i = 0; i < 254; i++) power = multiply(power, a);
  return power;
}

function substitute(a: number): number {
  const b = inverse(a);
  const rotated = (n: number) => (b << n | b >> 8 - n) & 0xff;
  return b ^ rotated(1) ^ rotated(2) ^ rotated(3) ^ rotated(4) ^ 0x63;
}

export const AES_SUBSTITUTE: Uint8Array = Uint8Array.from({ length: 256 }, (_, a) => substitute(a));
export const AES_SUBSTITUTE_BACK: Uint8Array = new Uint8Array(256);
AES_SUBSTITUTE.forEach((s, a) => AES_SUBSTITUTE_BACK[s] = a);
