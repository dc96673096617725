/**
 * Writes the generated pages of docs/, which `deno fmt` then sets. Run by `deno task gen`; `--check` fails if a page is out of
 * date.
 */
import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { describeInstructions } from "./instructions_page.ts";
import { describeSyscalls } from "./syscalls_page.ts";
import { describeZoo } from "./zoo_page.ts";

const pages: [name: string, describe: () => string][] = [
  ["INSTRUCTIONS.md", describeInstructions],
  ["SYSCALLS.md", describeSyscalls],
  ["ZOO.md", describeZoo],
];

/** Pages that are not what their generator would write today. */
export function staleGeneratedPages(): string[] {
  const isStale = ([name, describe]: (typeof pages)[number]) =>
    words(readFileSync(new URL(name, import.meta.url), "utf8")) !== words(describe());
  return pages.filter(isStale).map(([name]) => name);
}

/** Text without what formatting changes: line breaks, spaces, the dashes under table heads. */
function words(text: string): string {
  return text.replace(/-{2,}/g, "--").split(/\s+/).join(" ").trim();
}

if (import.meta.main) {
  if (process.argv.includes("--check")) {
    const stale = staleGeneratedPages();
    for (const name of stale) console.error(`docs/${name} is out of date: run deno task gen`);
    process.exitCode = stale.length > 0 ? 1 : 0;
  } else {
    for (const [name, describe] of pages) writeFileSync(new URL(name, import.meta.url), describe());
  }
}
