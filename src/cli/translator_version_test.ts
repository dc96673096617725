import { expect, test } from "vitest";
import { loadedWith } from "../../tests/support/imports.ts";
import { TRANSLATOR_SOURCES, translatorVersion } from "./translator_version.ts";

test("everything that a translation is made with is part of the version", () => {
  const loaded = [...loadedWith(["src/translate/file_task.ts"])].filter((file) => file.startsWith("src/"));
  expect(loaded.length).toBeGreaterThan(100);
  const isPart = (file: string) => TRANSLATOR_SOURCES.some((name) => `${file}/`.startsWith(`src/${name}/`));
  expect(loaded.filter((file) => !isPart(file) && !TRANSLATOR_SOURCES.some((n) => file === `src/${n}`))).toEqual([]);
  expect(translatorVersion()).toMatch(/^[0-9a-f]{64}$/);
});
