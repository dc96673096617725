import { expect, test } from "vitest";
import { FakeHost } from "../../host/fake.ts";
import { World } from "../vfs/_world.ts";
import { LineSink } from "./console.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

test("lines reach the log whole, however they were written", () => {
  const host = new FakeHost(), sink = new LineSink(host);
  for (const part of ["one\ntw", "o\n", "\nthree ", "parts", "\nrest"]) sink.write(1, bytes(part));
  sink.write(2, bytes("error\n"));
  expect(host.output(1)).toEqual(["one", "two", "", "three parts"]);
  expect(host.output(2)).toEqual(["error"]);
  sink.flush();
  expect(host.output(1).at(-1)).toBe("rest");
});

test("a character that is split between two writes is put together", () => {
  const host = new FakeHost(), sink = new LineSink(host);
  sink.write(1, bytes("ä\n").subarray(0, 1));
  sink.write(1, bytes("ä\n").subarray(1));
  expect(host.output(1)).toEqual(["ä"]);
});

test("whole lines go as bytes to hosts that take them, in their order with those that come in parts", () => {
  const host = new FakeHost(), got: string[] = [];
  host.log = (stream, line) => void got.push(`${stream} line ${line}`);
  const writeLines = (stream: number, lines: Uint8Array) =>
    void got.push(`${stream} bytes ${new TextDecoder().decode(lines)}`);
  const sink = new LineSink(Object.assign(host, { writeLines }));
  for (const part of ["one\n", "two\nthree\n", "", "fo", "ur\n", "\n", "five\nsi", "x\n", "seven\n"]) {
    sink.write(1, bytes(part));
  }
  sink.write(2, bytes("error\n"));
  expect(got).toEqual([
    "1 bytes one\n",
    "1 bytes two\nthree\n",
    "1 line four",
    "1 bytes \n",
    "1 line five",
    "1 line six",
    "1 bytes seven\n",
    "2 bytes error\n",
  ]);
});

test("stdout opened again through /dev/stdout is the same console", () => {
  const w = new World();
  w.write("/dev/stdout", "to the log\n", 0o2001);
  w.write("/dev/stderr", "to the other\n", 0o2001);
  expect(w.host.output(1)).toEqual(["to the log"]);
  expect(w.host.output(2)).toEqual(["to the other"]);
});

test("standard input is empty", () => {
  const w = new World();
  expect(w.call("read", 0, 0x180000, 10)).toBe(0);
  expect(w.readlink("/proc/self/fd/0")).toBe("/dev/null");
});
