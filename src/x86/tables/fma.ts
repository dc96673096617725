/** FMA3: products and sums rounded once. The digits name the operands that are multiplied and added. */
import { bothLengths, family, op, type TableRow } from "./builder.ts";

/** Three orders of the operands, in packed form: opcode, and its scalar form: the next one. */
function orders(name: string, low: number): TableRow[] {
  return ["132", "213", "231"].flatMap((order, i) => {
    const packed = (low + 0x10 * i).toString(16).toUpperCase(),
      scalar = (low + 0x10 * i + 1).toString(16).toUpperCase();
    return [
      ...bothLengths(`v${name}${order}ps`, "66.0F38.W0", `${packed} /r`, "xmm, xmm.v, xm128"),
      ...bothLengths(`v${name}${order}pd`, "66.0F38.W1", `${packed} /r`, "xmm, xmm.v, xm128"),
      op(`v${name}${order}ss`, `VEX.LIG.66.0F38.W0 ${scalar} /r`, "xmm, xmm.v, xm32"),
      op(`v${name}${order}sd`, `VEX.LIG.66.0F38.W1 ${scalar} /r`, "xmm, xmm.v, xm64"),
    ];
  });
}

/** Adding in one kind of lane and subtracting in the other: packed only. */
function alternating(name: string, low: number): TableRow[] {
  return ["132", "213", "231"].flatMap((order, i) => {
    const opcode = (low + 0x10 * i).toString(16).toUpperCase();
    return [
      ...bothLengths(`v${name}${order}ps`, "66.0F38.W0", `${opcode} /r`, "xmm, xmm.v, xm128"),
      ...bothLengths(`v${name}${order}pd`, "66.0F38.W1", `${opcode} /r`, "xmm, xmm.v, xm128"),
    ];
  });
}

export const FMA_ROWS = family("fma", [
  ...alternating("fmaddsub", 0x96),
  ...alternating("fmsubadd", 0x97),
  ...orders("fmadd", 0x98),
  ...orders("fmsub", 0x9a),
  ...orders("fnmadd", 0x9c),
  ...orders("fnmsub", 0x9e),
]);
