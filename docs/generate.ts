/**
 * Writes the generated pages of docs/, which `deno fmt` then sets. Run by `deno task gen`; `--check` fails if a page is out of
 * date.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { describeInstructions } from "./instructions_page.ts";
import { describeSyscalls } from "./syscalls_page.ts";

const pages: [path: string, text: string][] = [
  ["INSTRUCTIONS.md", describeInstructions()],
  ["SYSCALLS.md", describeSyscalls()],
];

/** Text without what formatting changes: line breaks, spaces, the dashes under table heads. */
function words(text: string): string {
  return text.replace(/-{2,}/g, "--").split(/\s+/).join(" ").trim();
}

let isStale = false;
for (const [name, text] of pages) {
  const path = new URL(name, import.meta.url);
  if (!Deno.args.includes("--check")) {
    writeFileSync(path, text);
  } else if (words(readFileSync(path, "utf8")) !== words(text)) {
    console.error(`docs/${name} is out of date: run deno task gen`);
    isStale = true;
  }
}
if (isStale) Deno.exit(1);
