import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const STREAMS = JSON.stringify(fileURLToPath(new URL("exec_streams.ts", import.meta.url)));
/** Prints the file type, in octal, and the device number that the guest's fstat has of standard input. */
const SHOW = `
  const { HostInput } = await import(${STREAMS});
  const input = new HostInput();
  input.showKind({ vfs: { pipefs: { allocateIno: () => 7 } } });
  const { mode, rdev } = input.dentry.inode;
  console.log((mode & 0o170000).toString(8), rdev);
`;

/** What a guest sees; the shell's command has the program as $1. */
function shown(command: string): string {
  return spawnSync("sh", ["-c", command, "sh", SHOW], { encoding: "utf8" }).stdout.trim();
}

it("standard input is to the guest what it is: a device, a pipe, or a file as a pipe", () => {
  expect(shown('deno eval --no-check "$1" </dev/null')).toBe("20000 259");
  expect(shown('echo | deno eval --no-check "$1"')).toBe("10000 0");
  expect(shown('deno eval --no-check "$1" </etc/passwd')).toBe("10000 0");
});
