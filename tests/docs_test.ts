/** The pages of docs say what is there. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { staleGeneratedPages } from "../docs/generate.ts";

const root = fileURLToPath(new URL("../", import.meta.url));
const pages = [
  "README.md",
  ...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" }).filter((f) => f.endsWith(".md")).map((f) =>
    `docs/${f}`
  ),
];

it("generated pages are up to date (deno task gen)", () => {
  expect(staleGeneratedPages()).toEqual([]);
});

describe("files and folders that a page names are there", () => {
  for (const page of pages) {
    it(page, () => {
      const text = readFileSync(join(root, page), "utf8");
      const paths = [...text.matchAll(/`((?:src|adapters|tests|fixtures|docs|bench)\/[\w./-]+)`/g)].map((m) => m[1]);
      const links = [...text.matchAll(/\]\((?!https?:)([^)#]+)/g)].map((m) => join(dirname(page), m[1]));
      expect([...paths, ...links].filter((path) => !/NAME/.test(path) && !existsSync(join(root, path)))).toEqual([]);
    });
  }
});
