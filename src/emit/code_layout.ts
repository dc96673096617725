/**
 * What every code module begins with: its imports, its own functions (lookup, dispatcher and the like), and the indices under which
 * its regions find them. The regions come behind, so that none of it depends on them.
 */
import { bug } from "../errors.ts";
import { helperNumber, HELPERS } from "../ir/helpers.ts";
import { FUNCTION_OPS, functionOpNumber, probeFusedBody } from "./function_ops.ts";
import {
  HELPER,
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
  /** The module's own functions, in the order of their indices. */
  readonly functions: { body: Uint8Array; type: number }[] = [];
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
    const lookup = im.functions, mulhiU = lookup + 1, mulhiS = lookup + 2, run = lookup + 3, nextUsedPage = lookup + 4;
    const nextDifferentPage = lookup + 5, reenter = lookup + 6, callThrough = lookup + 7, jumpThrough = lookup + 8;
    const find = lookup + 9;
    const own = (body: Uint8Array, type: number) => this.functions.push({ body, type });
    own(lookupBody(find), TYPE_LOOKUP);
    own(mulhiUBody(), TYPE_MULHI);
    own(mulhiSBody(mulhiU), TYPE_MULHI);
    own(runBody(lookup, fuel, firstHelper + helperNumber("stack_end"), TYPE_REGION), TYPE_RUN);
    own(nextUsedPageBody(), TYPE_RUN);
    own(nextDifferentPageBody(), TYPE_RUN);
    own(reenterBody(), TYPE_STOP);
    own(callThroughBody(lookup, TYPE_REGION), TYPE_THROUGH);
    own(jumpThroughBody(lookup, fuel, TYPE_REGION), TYPE_THROUGH);
    own(findBody(miss), TYPE_LOOKUP);
    const functionOp = (op: number) => find + 1 + functionOpNumber(op);
    FUNCTION_OPS.forEach((f, i) => own(f.body(), TYPE_FUNCTION_OP + i));
    this.start = im.functions + own(probeFusedBody(), TYPE_START) - 1;
    this.exports = [
      ["mulhi_u", mulhiU],
      ["mulhi_s", mulhiS],
      ["run", run],
      ["next_used_page", nextUsedPage],
      ["next_different_page", nextDifferentPage],
      ["reenter", reenter],
      ["call_through", callThrough],
      ["jump_through", jumpThrough],
      ...FUNCTION_OPS.map((f): [string, number] => [f.name, functionOp(f.op)]),
    ];
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

/** All helpers are imported, in the order of their numbers. */
function importHelpers(imports: Imports): number {
  const first = imports.functions;
  for (const h of HELPERS) imports.func(HELPER, h.name, TYPE_RUN);
  return first;
}
