import { placeModule } from "../emit/place_module.ts";
import { decodeResume } from "../machine/resume_table.ts";
import { moveTraps } from "../machine/trap_codec.ts";
import type { Translation } from "./translate.ts";

/** A translation under another name, for other slots, and with entries where its regions can go on (its resume table has them). */
export function placeTranslation(
  t: Translation,
  place: { name: string; firstSlot: number; sideEntries?: readonly number[] },
): Translation {
  const { wasm, entries, movedBy } = placeModule({ ...t, resume: decodeResume(t.resume) }, place);
  const { name, firstSlot } = place;
  const stats = { ...t.stats, regions: entries.length, wasmBytes: wasm.length };
  return { ...t, name, firstSlot, wasm, entries, traps: moveTraps(t.traps, movedBy), stats };
}
