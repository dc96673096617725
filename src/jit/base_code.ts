import { CodeModuleBuilder } from "../emit/module.ts";
import { FIRST_SLOT, type LoadedCode } from "../machine/code_cache.ts";
import { noTraps } from "../machine/trap_table.ts";

/** A code module without regions: what a machine runs on when everything is compiled lazily. */
export function emptyBaseCode(): LoadedCode {
  const { bytes, entries } = new CodeModuleBuilder("base", []).finish();
  return { name: "base", module: new WebAssembly.Module(bytes), entries, firstSlot: FIRST_SLOT, ...noTraps() };
}
