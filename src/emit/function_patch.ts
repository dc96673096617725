/**
 * A function's region, as it was emitted for the module of its file, as a module by itself: for a guest that has need of it before
 * the file's is there.
 */
import { importAll } from "./code_layout.ts";
import { type DetachedRegion, RegionAttacher } from "./detached_region.ts";
import { assemble, type PatchCode, type Placed } from "./module.ts";
import { TYPE_REGION } from "./module_parts.ts";
import { foundBody, sideEntryBody } from "./runtime_functions.ts";

const attacher = new RegionAttacher();

/** `slotOf` gives (allocating it) the table slot of a pc. What the region calls is looked up. */
export function buildFunctionPatch(name: string, detached: DetachedRegion, slotOf: (pc: number) => number): PatchCode {
  const { entryPc, sideEntries, minDepth, fused } = detached, { imports, lookup, stub } = importAll();
  const entries = [entryPc, ...sideEntries.map(({ pc }) => pc)], first = imports.functions;
  const indices = new Map(entries.map((pc, i) => [pc, first + i])), outside: number[] = [];
  const region = attacher.attach(detached, (pc) => {
    let index = indices.get(pc);
    if (index === undefined) indices.set(pc, index = first + entries.length + outside.push(pc) - 1);
    return index;
  });
  const functions: Placed[] = [{ body: region.body, type: TYPE_REGION, region }];
  for (const { pc, number } of sideEntries) {
    const body = sideEntryBody(pc, number, minDepth, first, fused);
    functions.push({ body, type: TYPE_REGION, region: null, sideEntry: pc });
  }
  for (const pc of outside) {
    functions.push({ body: foundBody(pc, lookup, stub, TYPE_REGION), type: TYPE_REGION, region: null });
  }
  const elements = entries.map((pc, i): [number, number[]] => [slotOf(pc), [first + i]]);
  return { ...assemble(name, imports, functions, [], elements), stubs: [] };
}
