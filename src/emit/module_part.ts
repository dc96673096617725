/**
 * A part of a placed module: of some regions the body becomes a jump to wherever they are, which is looked up; the others stay what
 * they were, with the same indices. So two parts with all regions between them do what the module did, and each can be loaded by
 * itself.
 */
import { bug } from "../errors.ts";
import { branchHintSection, NO_HINTS, readBranchHints } from "./branch_hints.ts";
import { Code } from "./code.ts";
import { plainLayout } from "./code_layout.ts";
import { elementSection } from "./module.ts";
import { W_RETURN_CALL } from "./opcodes.ts";
import { REGION_PARAMS } from "./region_signature.ts";
import { rewriteModule, type RewrittenModule } from "./rewrite_module.ts";
import { importedFunctions, readBodies } from "./wasm_sections.ts";

/** `entries` and `isKept` are those of the module's regions, in their order. The part's regions go into the table from `firstSlot` on. */
export function modulePart(
  wasm: Uint8Array,
  entries: readonly number[],
  isKept: (i: number) => boolean,
  { name, firstSlot }: { name: string; firstSlot: number },
): RewrittenModule {
  const { firstRegion, plan } = plainLayout();
  const imported = importedFunctions(wasm), functions = readBodies(wasm).length;
  if (imported + functions !== firstRegion + entries.length) throw bug("a module of another layout");
  const kept = [...entries.keys()].filter(isKept), hints = readBranchHints(wasm);
  const isThere = (index: number) => index < firstRegion || isKept(index - firstRegion);
  const hintsLeft = Array.from({ length: functions }, (_, i) => {
    const index = imported + i;
    return isThere(index) ? hints.get(index) ?? NO_HINTS : NO_HINTS;
  });
  return rewriteModule(wasm, {
    name,
    body: (index, body) => isThere(index) ? [body] : [elsewhereBody(entries[index - firstRegion], plan.callThrough())],
    elements: () => elementSection(kept.length === 0 ? [] : [[firstSlot, kept.map((i) => firstRegion + i)]]),
    hints: branchHintSection(imported, hintsLeft),
  });
}

/** As a region: goes on in the one of a pc; gives the pc back if that is not there. */
function elsewhereBody(pc: number, callThrough: number): Uint8Array {
  const c = new Code().i32(pc);
  for (let i = 0; i < REGION_PARAMS.length; i++) c.get(i);
  return c.indexed(W_RETURN_CALL, callThrough).body();
}
