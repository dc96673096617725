/**
 * x87. Memory forms name one operand and work on ST(0); register forms list their operands as the manual writes them.
 * `m32` and `m64` are real for fadd.., fld, fst, and integer for fiadd.., fild, fist.
 */
import { type Facts, family, op, type TableRow } from "./builder.ts";

// FCOMI sets ZF PF CF and clears the others.
const COMPARE: Facts = { writes: "OSZAPC" };

/** The eight arithmetic operations in the order of their /digit: D8, DA, DC, DE share it. */
const OPERATIONS = ["add", "mul", "com", "comp", "sub", "subr", "div", "divr"];

/** ModRM byte of register form `digit`, as "C0+i". */
const registerForm = (digit: number) => `${(0xc0 + digit * 8).toString(16).toUpperCase()}+i`;

function arithmetic(operation: string, digit: number): TableRow[] {
  const compares = operation.startsWith("com");
  const name = "f" + operation;
  return [
    op(name, `D8 /${digit}`, "m32"),
    op(name, `D8 ${registerForm(digit)}`, compares ? "sti" : "st0, sti"),
    op(name, `DC /${digit}`, "m64"),
    op("fi" + operation, `DA /${digit}`, "m32"),
    op("fi" + operation, `DE /${digit}`, "m16"),
  ];
}

export const X87_ROWS = family("x87", [
  ...OPERATIONS.flatMap(arithmetic),
  // With ST(i) as destination the encodings of SUB and SUBR, DIV and DIVR are exchanged.
  op("fadd", "DC C0+i", "sti, st0"),
  op("fmul", "DC C8+i", "sti, st0"),
  op("fsubr", "DC E0+i", "sti, st0"),
  op("fsub", "DC E8+i", "sti, st0"),
  op("fdivr", "DC F0+i", "sti, st0"),
  op("fdiv", "DC F8+i", "sti, st0"),
  op("faddp", "DE C0+i", "sti, st0"),
  op("fmulp", "DE C8+i", "sti, st0"),
  op("fcompp", "DE D9"),
  op("fsubrp", "DE E0+i", "sti, st0"),
  op("fsubp", "DE E8+i", "sti, st0"),
  op("fdivrp", "DE F0+i", "sti, st0"),
  op("fdivp", "DE F8+i", "sti, st0"),

  op("fld", "D9 /0", "m32"),
  op("fst", "D9 /2", "m32"),
  op("fstp", "D9 /3", "m32"),
  op("fldenv", "D9 /4", "m28byte"),
  op("fldcw", "D9 /5", "m16"),
  op("fnstenv", "D9 /6", "m28byte"),
  op("fnstcw", "D9 /7", "m16"),
  op("fld", "D9 C0+i", "sti"),
  op("fxch", "D9 C8+i", "sti"),
  op("fnop", "D9 D0"),
  op("fchs", "D9 E0"),
  op("fabs", "D9 E1"),
  op("ftst", "D9 E4"),
  op("fxam", "D9 E5"),
  op("fld1", "D9 E8"),
  op("fldl2t", "D9 E9"),
  op("fldl2e", "D9 EA"),
  op("fldpi", "D9 EB"),
  op("fldlg2", "D9 EC"),
  op("fldln2", "D9 ED"),
  op("fldz", "D9 EE"),
  op("f2xm1", "D9 F0"),
  op("fyl2x", "D9 F1"),
  op("fptan", "D9 F2"),
  op("fpatan", "D9 F3"),
  op("fxtract", "D9 F4"),
  op("fprem1", "D9 F5"),
  op("fdecstp", "D9 F6"),
  op("fincstp", "D9 F7"),
  op("fprem", "D9 F8"),
  op("fyl2xp1", "D9 F9"),
  op("fsqrt", "D9 FA"),
  op("fsincos", "D9 FB"),
  op("frndint", "D9 FC"),
  op("fscale", "D9 FD"),
  op("fsin", "D9 FE"),
  op("fcos", "D9 FF"),

  op("fcmovb", "DA C0+i", "st0, sti", { reads: "C" }),
  op("fcmove", "DA C8+i", "st0, sti", { reads: "Z" }),
  op("fcmovbe", "DA D0+i", "st0, sti", { reads: "CZ" }),
  op("fcmovu", "DA D8+i", "st0, sti", { reads: "P" }),
  op("fucompp", "DA E9"),
  op("fcmovnb", "DB C0+i", "st0, sti", { reads: "C" }),
  op("fcmovne", "DB C8+i", "st0, sti", { reads: "Z" }),
  op("fcmovnbe", "DB D0+i", "st0, sti", { reads: "CZ" }),
  op("fcmovnu", "DB D8+i", "st0, sti", { reads: "P" }),

  op("fild", "DB /0", "m32"),
  op("fisttp", "DB /1", "m32", { feature: "sse3" }),
  op("fist", "DB /2", "m32"),
  op("fistp", "DB /3", "m32"),
  op("fld", "DB /5", "m80"),
  op("fstp", "DB /7", "m80"),
  op("fnclex", "DB E2"),
  op("fninit", "DB E3"),
  op("fucomi", "DB E8+i", "st0, sti", COMPARE),
  op("fcomi", "DB F0+i", "st0, sti", COMPARE),
  // 8087 and 80287 leftovers, without effect since.
  op("fnop", "DB E0", "", { text: "fneni" }),
  op("fnop", "DB E1", "", { text: "fndisi" }),
  op("fnop", "DB E4", "", { text: "fnsetpm" }),

  op("fld", "DD /0", "m64"),
  op("fisttp", "DD /1", "m64", { feature: "sse3" }),
  op("fst", "DD /2", "m64"),
  op("fstp", "DD /3", "m64"),
  op("frstor", "DD /4", "m108byte"),
  op("fnsave", "DD /6", "m108byte"),
  op("fnstsw", "DD /7", "m16"),
  op("ffree", "DD C0+i", "sti"),
  op("fst", "DD D0+i", "sti"),
  op("fstp", "DD D8+i", "sti"),
  op("fucom", "DD E0+i", "sti"),
  op("fucomp", "DD E8+i", "sti"),

  op("fild", "DF /0", "m16"),
  op("fisttp", "DF /1", "m16", { feature: "sse3" }),
  op("fist", "DF /2", "m16"),
  op("fistp", "DF /3", "m16"),
  op("fbld", "DF /4", "m80"),
  op("fild", "DF /5", "m64"),
  op("fbstp", "DF /6", "m80"),
  op("fistp", "DF /7", "m64"),
  op("fnstsw", "DF E0", "ax"),
  op("fucomip", "DF E8+i", "st0, sti", COMPARE),
  op("fcomip", "DF F0+i", "st0, sti", COMPARE),

  // Aliases that every CPU runs (SDM volume 3, section 23.18.9, "Obsolete and Undefined Opcodes").
  op("fcom", "DC D0+i", "sti"),
  op("fcomp", "DC D8+i", "sti"),
  op("fcomp", "DE D0+i", "sti"),
  op("fxch", "DD C8+i", "sti"),
  op("fxch", "DF C8+i", "sti"),
  op("fstp", "D9 D8+i", "sti", { text: "fstpnce" }),
  op("fstp", "DF D0+i", "sti"),
  op("fstp", "DF D8+i", "sti"),
  op("ffreep", "DF C0+i", "sti"),

  op("fwait", "9B"),
]);
