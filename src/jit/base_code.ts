import { CodeModuleBuilder } from "../emit/module.ts";
import { FIRST_SLOT, type LoadedCode } from "../machine/code_cache.ts";
import { noResume } from "../machine/resume_table.ts";
import { noTraps } from "../machine/trap_table.ts";

/** The bytes of a code module without regions. */
export function baseModuleBytes(): Uint8Array<ArrayBuffer> {
  return new CodeModuleBuilder("base", []).finish().bytes;
}

/** A code module without regions: what a machine runs on when everything is compiled lazily. */
export function emptyBaseCode(): LoadedCode {
  const module = new WebAssembly.Module(baseModuleBytes());
  return { name: "base", module, entries: [], firstSlot: FIRST_SLOT, resume: noResume(), ...noTraps() };
}
