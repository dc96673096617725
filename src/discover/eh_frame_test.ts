import { describe, expect, it } from "vitest";
import { GUEST_BIAS } from "../machine/state.ts";
import { ehFrameOfHeader, readEhFrame, searchEhFrame } from "./eh_frame.ts";

const FRAME = 0x20000, END = 0x21000;

/** Guest memory with an .eh_frame at FRAME: a CIE as GCC makes it, then FDEs with pc-relative 4-byte pointers. */
function memoryWith(fdes: { start: number; length: number; program?: number[] }[], augmentation = "zR"): Uint8Array {
  const u8 = new Uint8Array(END - GUEST_BIAS);
  const view = new DataView(u8.buffer);
  let at = FRAME - GUEST_BIAS;
  const record = (body: number[], id: (at: number) => number) => {
    while (body.length % 4 !== 0) body.push(0);
    view.setUint32(at, body.length + 4, true);
    view.setUint32(at + 4, id(at + 4), true);
    u8.set(body, at + 8);
    at += 8 + body.length;
  };
  const cie = at;
  const letters = [...augmentation].map((c) => c.charCodeAt(0));
  // version 1, augmentation, code and data alignment, return register, augmentation data, DW_CFA_def_cfa rsp+8, offset rip
  record([1, ...letters, 0, 1, 0x78, 0x10, 1, 0x1b, 0x0c, 7, 8, 0x90, 1], () => 0);
  for (const { start, length, program = [0x41, 0x0e, 0x10] } of fdes) {
    const place = at + 8 + GUEST_BIAS;
    const pointer = new Uint8Array(Int32Array.of(start - place, length).buffer);
    record([...pointer, 0, ...program], (idAt) => idAt - cie);
  }
  return u8;
}

describe("readEhFrame", () => {
  it("gives start and end of every function", () => {
    const u8 = memoryWith([{ start: 0x401000, length: 0x20 }, { start: 0x3ff000, length: 0x123 }]);
    expect(readEhFrame(u8, FRAME, END)).toEqual([
      { start: 0x401000, end: 0x401020, isPart: false },
      { start: 0x3ff000, end: 0x3ff123, isPart: false },
    ]);
  });

  it("tells far parts of functions by the frame they begin with", () => {
    const u8 = memoryWith([{ start: 0x401000, length: 0x20, program: [0x0e, 0x40, 0x83, 7] }]);
    expect(readEhFrame(u8, FRAME, END)[0].isPart).toBe(true);
  });

  it("takes _start for a function although it has no caller", () => {
    const u8 = memoryWith([{ start: 0x401000, length: 0x20, program: [0x07, 0x10] }]);
    expect(readEhFrame(u8, FRAME, END)[0].isPart).toBe(false);
  });

  it("moves signal frames to their first instruction", () => {
    const u8 = memoryWith([{ start: 0x400fff, length: 0x0a, program: [0x0f, 3, 0x77, 0xa0, 1] }], "zRS");
    expect(readEhFrame(u8, FRAME, END)).toEqual([{ start: 0x401000, end: 0x401009, isPart: false }]);
  });

  it("stops at what makes no sense", () => {
    const u8 = memoryWith([{ start: 0x401000, length: 0x20 }]);
    expect(readEhFrame(u8, FRAME, FRAME + 12)).toEqual([]);
    expect(readEhFrame(u8, END + 0x1000, END + 0x2000)).toEqual([]);
    const hostile = new Uint8Array(64).fill(0xff);
    expect(readEhFrame(hostile, GUEST_BIAS, GUEST_BIAS + 64)).toEqual([]);
  });
});

it("searchEhFrame() finds a frame section that nothing points to", () => {
  const fdes = [0x401000, 0x402000, 0x403000].map((start) => ({ start, length: 16 }));
  expect(searchEhFrame(memoryWith(fdes), GUEST_BIAS, END)).toBe(FRAME);
  expect(searchEhFrame(new Uint8Array(0x1000), GUEST_BIAS, GUEST_BIAS + 0x1000)).toBe(0);
});

it("ehFrameOfHeader() follows .eh_frame_hdr", () => {
  const u8 = new Uint8Array(64);
  u8.set([1, 0x1b, 0x03, 0x3b], 16);
  new DataView(u8.buffer).setInt32(20, 0x1000, true);
  expect(ehFrameOfHeader(u8, GUEST_BIAS + 16)).toBe(GUEST_BIAS + 20 + 0x1000);
  expect(ehFrameOfHeader(u8, GUEST_BIAS)).toBe(0);
});
