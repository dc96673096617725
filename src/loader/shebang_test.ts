import { expect, test } from "vitest";
import { ENOEXEC } from "../kernel/abi/errno.ts";
import { parseShebang, PROBE_BYTES } from "./shebang.ts";

const parse = (text: string) => parseShebang(new TextEncoder().encode(text).subarray(0, PROBE_BYTES));

test("everything after the interpreter is one argument", () => {
  expect(parse("#!/bin/sh\n")).toEqual({ interpreter: "/bin/sh", argument: null });
  expect(parse("#! \t/usr/bin/env  -S node --x \n")).toEqual({ interpreter: "/usr/bin/env", argument: "-S node --x" });
  expect(parse("#!/bin/sh")).toEqual({ interpreter: "/bin/sh", argument: null });
  expect(parse("#!/bin/sh\r\n")).toEqual({ interpreter: "/bin/sh\r", argument: null });
});

test("an empty line or a name that the buffer cuts off is no interpreter", () => {
  expect(parse("#!\n")).toBe(-ENOEXEC);
  expect(parse("#!   \n")).toBe(-ENOEXEC);
  expect(parse(`#!/${"x".repeat(300)}`)).toBe(-ENOEXEC);
  expect(parse(`#!/bin/sh ${"x".repeat(300)}`)).toMatchObject({ interpreter: "/bin/sh" });
});
