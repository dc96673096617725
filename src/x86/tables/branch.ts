/** Control flow. Near branches are 64-bit whatever the prefixes say (SDM volume 1, section 6.3.7). */
import { FLOW_BRANCH, FLOW_CALL, FLOW_CALL_INDIRECT, FLOW_JUMP, FLOW_JUMP_INDIRECT, FLOW_RETURN } from "../row.ts";
import { CONDITION_FLAGS, CONDITIONS, type Facts, family, op } from "./builder.ts";

const condition = (code: number): Facts => ({
  condition: code,
  reads: CONDITION_FLAGS[code >> 1],
  flow: FLOW_BRANCH,
  text: "j" + CONDITIONS[code],
});

const UNSUPPORTED: Facts = { unsupported: true };

export const BRANCH_ROWS = family("base", [
  ...CONDITIONS.map((_, code) => op("jcc", `${(0x70 + code).toString(16)} cb`, "rel8", condition(code))),
  ...CONDITIONS.map((_, code) => op("jcc", `0F ${(0x80 + code).toString(16)} cd`, "rel32", condition(code))),
  op("jmp", "EB cb", "rel8", { flow: FLOW_JUMP }),
  op("jmp", "E9 cd", "rel32", { flow: FLOW_JUMP }),
  op("jmp", "FF /4", "rm64", { flow: FLOW_JUMP_INDIRECT }),
  op("call", "E8 cd", "rel32", { flow: FLOW_CALL }),
  op("call", "FF /2", "rm64", { flow: FLOW_CALL_INDIRECT }),
  op("ret", "C3", "", { flow: FLOW_RETURN, size: 8 }),
  op("ret", "C2 iw", "imm16", { flow: FLOW_RETURN, size: 8 }),

  op("loopne", "E0 cb", "rel8", { flow: FLOW_BRANCH, reads: "Z" }),
  op("loope", "E1 cb", "rel8", { flow: FLOW_BRANCH, reads: "Z" }),
  op("loop", "E2 cb", "rel8", { flow: FLOW_BRANCH }),
  // JECXZ with a 67 prefix: addressBytes says.
  op("jrcxz", "E3 cb", "rel8", { flow: FLOW_BRANCH }),

  // Far transfers change CS, which a 64-bit user program does only to enter 32-bit code.
  op("jmp far", "FF /5", "m", UNSUPPORTED),
  op("call far", "FF /3", "m", UNSUPPORTED),
  op("ret far", "CB", "", UNSUPPORTED),
  op("ret far", "CA iw", "imm16", UNSUPPORTED),
  op("iret", "CF", "", UNSUPPORTED),
]);
