/** The command line: `deno task translate`, `exec`, `demo`, `explain`. One file a command; this one only chooses. */
import process from "node:process";
import { TranslatorError } from "../errors.ts";
import { demoCommand } from "./demo.ts";
import { explainCommand } from "./explain.ts";
import { execCommand } from "./exec.ts";
import { translateCommand } from "./translate.ts";
import { UsageError } from "./usage.ts";

/** Runs a command with its arguments; resolves to the exit code. */
type Command = (args: string[]) => Promise<number> | number;

const COMMANDS: Record<string, [command: Command, summary: string]> = {
  translate: [translateCommand, "translate a container image into a fetch handler"],
  exec: [execCommand, "run one Linux program of a root file system"],
  explain: [explainCommand, "say what an image needs, before it is translated"],
  demo: [demoCommand, "translate and serve a small server of ours"],
};

/** Exit codes: 0 success, 1 the input or the guest failed, 2 wrong usage, 70 a bug of ours (sysexits.h EX_SOFTWARE). */
export async function main(args: string[]): Promise<number> {
  const [name, ...rest] = args;
  const known = name === undefined
    ? undefined
    : Object.getOwnPropertyDescriptor(COMMANDS, name)?.value as [Command, string];
  if (known === undefined) {
    const asked = name === "--help" || name === "-h" || name === undefined;
    const text = help();
    if (asked) console.log(text);
    else console.error(`lighter: unknown command ${JSON.stringify(name)}\n\n${text}`);
    return asked && name !== undefined ? 0 : 2;
  }
  try {
    return await known[0](rest);
  } catch (e) {
    if (e instanceof UsageError) {
      console.error(`lighter ${name}: ${e.message} (see --help)`);
      return 2;
    }
    if (e instanceof TranslatorError) {
      console.error(`lighter ${name}: ${e.message}`);
      return e.kind === "bug" ? 70 : 1;
    }
    const { message, stack } = e instanceof Error ? e : new Error(String(e));
    console.error(
      `lighter ${name}: a bug of Lighter: ${process.env.LIGHTER_TRACE ? stack : message} (LIGHTER_TRACE=1 says where)`,
    );
    return 70;
  }
}

function help(): string {
  const lines = Object.entries(COMMANDS).map(([name, [, summary]]) => `  deno task ${name.padEnd(10)} ${summary}`);
  return `Usage:\n${lines.join("\n")}\n\nEach has --help.`;
}

if (import.meta.main) {
  const code = await main(process.argv.slice(2));
  // Not by waiting for what is still set to happen: a guest that was given up may have timers that never end.
  process.exit(code);
}
