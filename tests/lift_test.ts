/** The IR of every instruction that has a golden is well formed, and its text reads back. */
import { describe, expect, it } from "vitest";
import { discoverRegion } from "../src/discover/discover.ts";
import { parseFunction } from "../src/ir/parse.ts";
import { printFunction } from "../src/ir/print.ts";
import { verifyFunction } from "../src/ir/verify.ts";
import { liftRegion } from "../src/lift/lift.ts";
import { GUEST_BIAS } from "../src/machine/state.ts";
import { cpuFamilies, goldenForms } from "./support/cpu_cases.ts";
import { fromHex } from "./support/cpu_golden.ts";

describe("lifted instructions verify and print", () => {
  for (const family of cpuFamilies()) {
    it(family, () => {
      for (const code of new Set(goldenForms(family).map((form) => form.code))) {
        const u8 = new Uint8Array(64).fill(0xcc);
        u8.set(fromHex(code), 16);
        const region = discoverRegion({ u8, isFunctionStart: () => false, isReadOnly: () => false }, GUEST_BIAS + 16);
        const fn = liftRegion(region);
        verifyFunction(fn);
        const text = printFunction(fn);
        expect(printFunction(parseFunction(text))).toBe(text);
      }
    });
  }
});
