import { describe, expect, it } from "vitest";
import { TranslatorError } from "../errors.ts";
import { parseWarmFile } from "./warm.ts";

describe("a warm file", () => {
  it("has a request a line, in three forms", () => {
    const text = `# comment

      /hello
      HEAD /hello?x=1
      {"method":"POST","path":"/form","headers":{"X-A":1},"body":"ab","times":3}`;
    expect(parseWarmFile(text, "warm.txt")).toEqual([
      { method: "GET", path: "/hello", headers: [], body: null },
      { method: "HEAD", path: "/hello?x=1", headers: [], body: null },
      { method: "POST", path: "/form", headers: [["X-A", "1"]], body: "ababab" },
    ]);
  });

  it.each(["hello", "GET /a b", "{", `{"path":7}`, `{"path":"/","times":0}`, `{"path":"/","times":"2"}`])(
    "is refused with its line's number: %s",
    (line) => {
      const parse = () => parseWarmFile(`/\n${line}`, "warm.txt");
      expect(parse).toThrow(TranslatorError);
      expect(parse).toThrow(/line 2/);
    },
  );
});
