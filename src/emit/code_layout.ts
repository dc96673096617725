/**
 * What every code module begins with: its imports, its own functions (lookup, dispatcher and the like), and the indices under which
 * its regions find them. The regions come behind, so that none of it depends on them.
 */
import { bug } from "../errors.ts";
import { helperNumber, HELPERS } from "../ir/helpers.ts";
import { FUNCTION_OPS, functionOpNumber, probeFusedBody } from "./function_ops.ts";
import {
  HELPER,
  IMPORT,
  Imports,
  TYPE_FUNCTION_OP,
  TYPE_LOOKUP,
  TYPE_MULHI,
  TYPE_REGION,
  TYPE_RUN,
  TYPE_START,
  TYPE_STOP,
  TYPE_THROUGH,
} from "./module_parts.ts";
import { nextDifferentPageBody, nextUsedPageBody } from "./page_scan.ts";
import type { ModulePlan, RegionTarget } from "./region_code.ts";
import {
  callThroughBody,
  findBody,
  jumpThroughBody,
  lookupBody,
  mulhiSBody,
  mulhiUBody,
  reenterBody,
  runBody,
} from "./runtime_functions.ts";

export class CodeLayout {
  readonly imports: Imports = new Imports();
  /** The module's own functions, in the order of their indices; those that others may call have a name. */
  readonly functions: { name: string | null; body: Uint8Array; type: number }[] = [];
  readonly exports: [name: string, index: number][];
  /** Index of the start function, and of the first region. */
  readonly start: number;
  readonly firstRegion: number;
  readonly plan: ModulePlan;

  /** `target` tells how regions call each other (ModulePlan.target). */
  constructor(target: (pc: number) => RegionTarget) {
    const im = this.imports;
    const { syscall, fuel, miss } = im.machine("miss");
    const firstHelper = importHelpers(im);
    const lookup = im.functions, mulhiU = lookup + 1, mulhiS = lookup + 2, reenter = lookup + 6;
    const callThrough = lookup + 7, jumpThrough = lookup + 8, find = lookup + 9;
    const own = (name: string | null, body: Uint8Array, type: number) => this.functions.push({ name, body, type });
    own("slot_of", lookupBody(find), TYPE_LOOKUP);
    own("mulhi_u", mulhiUBody(), TYPE_MULHI);
    own("mulhi_s", mulhiSBody(mulhiU), TYPE_MULHI);
    own("run", runBody(lookup, fuel, firstHelper + helperNumber("stack_end"), TYPE_REGION), TYPE_RUN);
    own("next_used_page", nextUsedPageBody(), TYPE_RUN);
    own("next_different_page", nextDifferentPageBody(), TYPE_RUN);
    own("reenter", reenterBody(), TYPE_STOP);
    own("call_through", callThroughBody(lookup, TYPE_REGION), TYPE_THROUGH);
    own("jump_through", jumpThroughBody(lookup, fuel, TYPE_REGION), TYPE_THROUGH);
    own(null, findBody(miss), TYPE_LOOKUP);
    const functionOp = (op: number) => find + 1 + functionOpNumber(op);
    FUNCTION_OPS.forEach((f, i) => own(f.name, f.body(), TYPE_FUNCTION_OP + i));
    this.start = im.functions + own(null, probeFusedBody(), TYPE_START) - 1;
    this.exports = this.functions.flatMap(({ name }, i) => name === null ? [] : [[name, im.functions + i]]);
    this.firstRegion = this.start + 1;
    this.plan = {
      syscall,
      fuel,
      mulhiU,
      mulhiS,
      regionType: TYPE_REGION,
      resumable: true,
      callThrough: () => callThrough,
      jumpThrough: () => jumpThrough,
      reenter: () => reenter,
      fused: () => 0,
      access: () => {
        throw bug("checked code is made as it is reached");
      },
      functionOp,
      helper: (n) => firstHelper + n,
      target,
    };
  }
}

let plain: CodeLayout | undefined;

/** For what of a layout does not depend on the module's regions. */
export function plainLayout(): CodeLayout {
  return plain ??= new CodeLayout(() => ({ kind: "none" }));
}

/** The imports of a module that has none of these functions, and the indices of two of them. */
export interface AllImported {
  imports: Imports;
  lookup: number;
  stub: number;
}

let allImported: AllImported | undefined;

/** Under these imports regions that were emitted for a code module find the same as there. */
export function importAll(): AllImported {
  return allImported ??= makeImports();
}

function makeImports(): AllImported {
  const { functions } = plainLayout(), imports = new Imports();
  const { miss: stub } = imports.machine("stub");
  imports.fused();
  importHelpers(imports);
  const lookup = imports.functions + functions.findIndex(({ name }) => name === "slot_of");
  // What regions do not call is only to have an index.
  for (const { name, type } of functions) imports.func(IMPORT, name ?? "fuel", name === null ? TYPE_STOP : type);
  return { imports, lookup, stub };
}

/** All helpers are imported, in the order of their numbers. */
function importHelpers(imports: Imports): number {
  const first = imports.functions;
  for (const h of HELPERS) imports.func(HELPER, h.name, TYPE_RUN);
  return first;
}
