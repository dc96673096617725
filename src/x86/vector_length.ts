/**
 * Lengths of VEX and EVEX instructions (AVX, BMI, AVX-512): not translated, but a disassembly or a report should be able
 * to step over them.
 */

/** Opcodes of map 0F that have an imm8: pshufd, the shift groups, cmpps, pinsrw, pextrw, shufps. */
function hasImmediate(opcode: number): boolean {
  return opcode >= 0x70 && opcode <= 0x73 || opcode === 0xc2 || opcode >= 0xc4 && opcode <= 0xc6;
}

/** Length from the VEX or EVEX byte at `p` on; its negative when the prefix itself is malformed. */
export function vectorLength(bytes: Uint8Array, p: number): number {
  const start = p;
  const lead = bytes[p++];
  let map = 1;
  if (lead === 0xc5) p += 1;
  else {
    map = bytes[p] & (lead === 0x62 ? 7 : 0x1f);
    p += lead === 0x62 ? 3 : 2;
  }
  const knownMap = map >= 1 && map <= 3 || lead === 0x62 && (map === 5 || map === 6);
  if (!knownMap || lead === 0x62 && (bytes[start + 2] & 4) === 0) return start - p;
  const opcode = bytes[p++];
  const isZeroUpper = lead !== 0x62 && map === 1 && opcode === 0x77;
  if (!isZeroUpper) {
    const modrm = bytes[p++];
    const mod = modrm >> 6;
    if (mod !== 3) {
      const sib = (modrm & 7) === 4 ? bytes[p++] : modrm & 7;
      if (mod === 1) p += 1;
      else if (mod === 2 || (sib & 7) === 5) p += 4;
    }
  }
  if (map === 3 || map === 1 && hasImmediate(opcode)) p += 1;
  return p - start;
}
