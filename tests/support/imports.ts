import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

/** One import of a source file. Paths are relative to the repository; a package or a built-in module keeps its name. */
export interface Import {
  readonly from: string;
  readonly to: string;
  /** Erased by the compiler: the importing file knows the shape, and does not load the other. */
  readonly isTypeOnly: boolean;
}

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Source files of a folder without tests, test support (`_` in front) and benchmarks. */
export function sourceFiles(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !/_(test|bench)\.ts$|(^|\/)_[^/]*$/.test(name))
    .map((name) => join(folder, name))
    .sort();
}

export function sourceText(file: string): string {
  return readFileSync(join(root, file), "utf8");
}

/** Imports and re-exports of a file. */
export function importsOf(file: string): Import[] {
  const statement = /^(?:import|export)\s+(type\s)?([^;"']*?\sfrom\s+)?"([^"]+)"/gm;
  return [...sourceText(file).matchAll(statement)].map(([, type, what = "", target]) => {
    const names = /\{([^}]*)\}/.exec(what)?.[1].split(",").map((name) => name.trim()).filter((name) => name !== "");
    const isTypeOnly = type !== undefined || (names?.every((name) => name.startsWith("type ")) ?? false);
    return { from: file, to: target.startsWith(".") ? normalize(join(dirname(file), target)) : target, isTypeOnly };
  });
}

/** All that is loaded with these files, themselves included. */
export function loadedWith(files: readonly string[]): Set<string> {
  const seen = new Set<string>();
  const queue = [...files];
  for (let file; (file = queue.pop()) !== undefined;) {
    if (seen.has(file)) continue;
    seen.add(file);
    if (!file.endsWith(".ts")) continue;
    for (const { to, isTypeOnly } of importsOf(file)) if (!isTypeOnly) queue.push(to);
  }
  return seen;
}
