/** The decoder against iced-x86. Differences are none, or named in fixtures/decoder/compare.ts. */
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { byteSource, difference, sweep } from "../../fixtures/decoder/compare.ts";
import { askOracle } from "../../fixtures/decoder/iced_oracle.ts";

const PC = 0x401000;

/** The first differences; a whole list would not help. */
function differences(inputs: Iterable<Uint8Array>): string[] {
  const found: string[] = [];
  for (const bytes of inputs) {
    const text = difference(bytes, PC);
    if (text !== "") found.push(text);
    if (found.length >= 20) break;
  }
  return found;
}

function* randomInputs(count: number): Generator<Uint8Array> {
  const next = byteSource(20260101);
  for (let i = 0; i < count; i++) yield Uint8Array.from({ length: 18 }, next);
}

/** Instruction after instruction through the executable segments of an ELF file. */
function* codeOf(file: Uint8Array, limit: number): Generator<Uint8Array> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const headers = Number(view.getBigUint64(32, true)), count = view.getUint16(56, true);
  for (let i = 0; i < count; i++) {
    const header = headers + i * 56;
    const isCode = view.getUint32(header, true) === 1 && (view.getUint32(header + 4, true) & 1) !== 0;
    if (!isCode) continue;
    let offset = Number(view.getBigUint64(header + 8, true));
    const end = offset + Number(view.getBigUint64(header + 32, true));
    for (let n = 0; offset + 16 <= end && n < limit; n++) {
      const bytes = file.subarray(offset, offset + 16);
      yield bytes;
      offset += askOracle(bytes, PC).length || 1;
    }
  }
}

const BINARY = "/bin/busybox";

describe("decoder and iced-x86 agree on", () => {
  it("every opcode under many prefixes", () => expect(differences(sweep(19))).toEqual([]));
  it("random bytes", () => expect(differences(randomInputs(200_000))).toEqual([]));
  it.skipIf(!existsSync(BINARY))("the code of a real binary", () => {
    expect(differences(codeOf(readFileSync(BINARY), 400_000))).toEqual([]);
  });
});
