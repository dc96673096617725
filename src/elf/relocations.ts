/** Relocations that need no other file (System V ABI, AMD64 supplement, section 4.4; gABI for RELR). */

const DT_NULL = 0, DT_SYMTAB = 6, DT_RELA = 7, DT_RELASZ = 8, DT_JMPREL = 23, DT_PLTRELSZ = 2;
const DT_RELRSZ = 35, DT_RELR = 36;
const R_X86_64_64 = 1, R_X86_64_GLOB_DAT = 6, R_X86_64_JUMP_SLOT = 7, R_X86_64_RELATIVE = 8, R_X86_64_IRELATIVE = 37;
const RELA_BYTES = 24, SYMBOL_BYTES = 24;

/**
 * Applies a loaded file's relocations: relative ones, symbols that the file defines itself, lazily bound jump slots. Words for
 * symbols of other files stay as they are; words for IFUNC symbols get the resolver's address. Guest addresses are below 4 GiB,
 * so only the lower half of a word changes. `memory` holds virtual address v of the file at offset v + `bias`; `dynamic` is its
 * .dynamic section, `base` what is added to its addresses. What lies outside the memory is left out. Gives where jump slots of
 * the file's own symbols would lead if they were bound lazily: a dynamic linker may do either.
 */
export function applyRelocations(
  memory: DataView,
  bias: number,
  dynamic: { start: number; end: number },
  base: number,
): number[] {
  const lazily: number[] = [];
  const inside = (at: number, size: number) => at >= 0 && at + size <= memory.byteLength;
  const tags = new Map<number, number>();
  for (let at = dynamic.start + bias; at + 16 <= dynamic.end + bias && inside(at, 16); at += 16) {
    const tag = memory.getUint32(at, true);
    if (tag === DT_NULL) break;
    tags.set(tag, memory.getUint32(at + 8, true));
  }
  const add = (at: number) => {
    if (inside(at, 8)) memory.setUint32(at, memory.getUint32(at, true) + base, true);
  };
  const symbols = tags.get(DT_SYMTAB);
  const symbolAddress = (index: number): number => {
    const at = (symbols ?? 0) + index * SYMBOL_BYTES + bias;
    if (symbols === undefined || !inside(at, SYMBOL_BYTES) || memory.getUint16(at + 6, true) === 0) return 0;
    return memory.getUint32(at + 8, true) + base;
  };
  const rela = (start: number | undefined, bytes: number | undefined): void => {
    if (start === undefined || bytes === undefined) return;
    for (let at = start + bias; at + RELA_BYTES <= start + bias + bytes && inside(at, RELA_BYTES); at += RELA_BYTES) {
      const target = memory.getUint32(at, true) + bias, type = memory.getUint32(at + 8, true);
      const addend = memory.getInt32(at + 16, true);
      if (!inside(target, 8)) continue;
      if (type === R_X86_64_RELATIVE || type === R_X86_64_IRELATIVE) {
        memory.setUint32(target, base + addend, true);
        memory.setUint32(target + 4, 0, true);
      } else if (type === R_X86_64_64 || type === R_X86_64_GLOB_DAT || type === R_X86_64_JUMP_SLOT) {
        const address = symbolAddress(memory.getUint32(at + 12, true));
        const bound = memory.getUint32(target, true);
        if (type === R_X86_64_JUMP_SLOT && address !== 0 && bound !== 0) lazily.push(base + bound);
        if (address !== 0) memory.setUint32(target, address + (type === R_X86_64_64 ? addend : 0), true);
        else if (type === R_X86_64_JUMP_SLOT && memory.getUint32(target, true) !== 0) add(target);
      }
    }
  };
  rela(tags.get(DT_RELA), tags.get(DT_RELASZ));
  rela(tags.get(DT_JMPREL), tags.get(DT_PLTRELSZ));
  const relr = tags.get(DT_RELR), relrBytes = tags.get(DT_RELRSZ);
  if (relr === undefined || relrBytes === undefined) return lazily;
  let next = 0;
  for (let at = relr + bias; at + 8 <= relr + bias + relrBytes && inside(at, 8); at += 8) {
    const low = memory.getUint32(at, true), high = memory.getUint32(at + 4, true);
    if ((low & 1) === 0) {
      add(low + bias);
      next = low + bias + 8;
      continue;
    }
    // A bitmap: bit i + 1 stands for the i-th of the next 63 words.
    for (let i = 0; i < 63; i++) {
      const bit = i + 1;
      if ((bit < 32 ? low >>> bit : high >>> (bit - 32)) & 1) add(next + 8 * i);
    }
    next += 63 * 8;
  }
  return lazily;
}
