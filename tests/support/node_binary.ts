import { execFileSync } from "node:child_process";

/** Node versions that translated images support. */
const OLDEST_MAJOR = 22;
/** What npm's `node` package brings where the machine's own Node is older. */
const FETCHED_VERSION = "24.21.0";

/** A Node that translated images support: the machine's, or one from npm; null where there is neither. */
export function findNode(): string | null {
  if (majorOf(run("node", ["--version"])) >= OLDEST_MAJOR) return "node";
  const path = run("npx", ["-y", "-p", `node@${FETCHED_VERSION}`, "node", "-p", "process.execPath"]);
  return path !== null && majorOf(run(path, ["--version"])) >= OLDEST_MAJOR ? path : null;
}

function majorOf(version: string | null): number {
  return Number(/^v(\d+)/.exec(version ?? "")?.[1] ?? 0);
}

/** A command's last line of output; null if there is no such command, or it fails. */
function run(command: string, args: string[]): string | null {
  try {
    const text = execFileSync(command, args, {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
      timeout: 120_000,
    });
    return text.trim().split("\n").at(-1)!;
  } catch {
    return null;
  }
}
