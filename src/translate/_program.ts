/** Small programs for tests, from bytes: machine code with labels, loaded where the test says. */
import type { ProgramMemory } from "../discover/entries.ts";
import { GUEST_BIAS } from "../machine/state.ts";

export const CODE = 0x20000, RODATA = 0x30000, DATA = 0x40000, STACK_TOP = 0x58000, END = 0x60000;

/**
 * Assembles hex text: "LABEL:" defines, "@LABEL" is a 4-byte distance to it from behind itself, "=LABEL" its 4-byte address.
 *
 *     assemble(`main: e8 @f  0f 05   f: b8 2a 00 00 00  c3`, CODE)
 */
export function assemble(text: string, origin: number): { bytes: Uint8Array; labels: Map<string, number> } {
  const words = text.trim().split(/\s+/);
  const labels = new Map<string, number>();
  let at = origin;
  for (const w of words) {
    if (w.endsWith(":")) labels.set(w.slice(0, -1), at);
    else at += /^[@=]/.test(w) ? 4 : 1;
  }
  const bytes = new Uint8Array(at - origin);
  const view = new DataView(bytes.buffer);
  at = 0;
  for (const w of words) {
    if (w.endsWith(":")) continue;
    if (/^[@=]/.test(w)) {
      const target = labels.get(w.slice(1));
      if (target === undefined) throw new Error(`no label ${w}`);
      view.setInt32(at, w[0] === "@" ? target - (origin + at + 4) : target, true);
      at += 4;
    } else bytes[at++] = parseInt(w, 16);
  }
  return { bytes, labels };
}

/** A program at CODE; `data` and `rodata` are 8-byte words, from label values if strings. */
export function programOf(
  text: string,
  options: { data?: (string | number)[]; rodata?: (string | number)[]; entry?: string } = {},
): ProgramMemory & { labels: Map<string, number>; u8: Uint8Array } {
  const { bytes, labels } = assemble(text, CODE);
  const u8 = new Uint8Array(END - GUEST_BIAS);
  u8.set(bytes, CODE - GUEST_BIAS);
  const view = new DataView(u8.buffer);
  const words = (start: number, list: (string | number)[]) =>
    list.forEach((w, i) =>
      view.setUint32(start - GUEST_BIAS + 8 * i, typeof w === "string" ? labels.get(w)! : w, true)
    );
  words(RODATA, options.rodata ?? []);
  words(DATA, options.data ?? []);
  return {
    u8,
    labels,
    executable: [{ start: CODE, end: CODE + bytes.length }],
    readOnly: [{ start: RODATA, end: RODATA + 0x1000 }],
    writable: [{ start: DATA, end: DATA + 0x1000 }, { start: STACK_TOP - 0x8000, end: STACK_TOP }],
    elfs: [{
      endFunctions: [],
      entry: labels.get(options.entry ?? "main")!,
      loaded: [{ start: CODE, end: DATA + 0x1000 }],
      functions: [],
      imports: [],
      ehFrame: null,
      ehFrameHeader: 0,
    }],
    profile: [],
  };
}
