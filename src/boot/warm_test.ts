import { describe, expect, it } from "vitest";
import { TranslatorError } from "../errors.ts";
import { parseWarmFile } from "./warm.ts";

describe("a warm file", () => {
  it("may have methods that fetch makes no requests with", () => {
    expect(parseWarmFile("TRACE /\ntrace /", "warm.txt").map(({ method }) => method)).toEqual(["TRACE", "trace"]);
  });

  it("has a request a line, in three forms", () => {
    const text = `# comment

      /hello
      HEAD /hello?x=1
      {"method":"POST","path":"/form","headers":{"X-A":1},"body":"ab","times":3}
      {"path":"/count","keep":false}`;
    expect(parseWarmFile(text, "warm.txt")).toEqual([
      { method: "GET", path: "/hello", headers: [], body: null, keep: true },
      { method: "HEAD", path: "/hello?x=1", headers: [], body: null, keep: true },
      { method: "POST", path: "/form", headers: [["X-A", "1"]], body: "ababab", keep: true },
      { method: "GET", path: "/count", headers: [], body: null, keep: false },
    ]);
  });

  it.each([
    "hello",
    "GET /a b",
    "{",
    `{"path":7}`,
    `{"path":"/","times":0}`,
    `{"path":"/","times":"2"}`,
    `{"path":"/","keep":0}`,
    `{"method":"B@D","path":"/"}`,
    `{"path":"/","body":"of a GET"}`,
    `{"path":"/","headers":{"two words":"x"}}`,
    "CONNECT /",
  ])(
    "is refused with its line's number: %s",
    (line) => {
      const parse = () => parseWarmFile(`/\n${line}`, "warm.txt");
      expect(parse).toThrow(TranslatorError);
      expect(parse).toThrow(/line 2/);
    },
  );
});
