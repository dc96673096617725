import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { afterAll, expect, test } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "lighter-output-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Writes two files; `between` runs before the second one. */
function write(name: string, between: string): number | null {
  const script = `
    import { writeFolder } from ${JSON.stringify(new URL("./output_folder.ts", import.meta.url).href)};
    function* files() {
      yield ["one", new Uint8Array(10)];
      ${between};
      yield ["lighter.json", new Uint8Array(10)];
    }
    writeFolder(${JSON.stringify(join(folder, name))}, files());`;
  return spawnSync(process.execPath, ["eval", script], { timeout: 60_000 }).status;
}

test.each(["SIGINT", "SIGTERM"])("%s while the folder is written leaves all of it", (signal) => {
  // How it ends is left open: the signal may be told of as late as that.
  write(signal, `Deno.kill(Deno.pid, "${signal}")`);
  expect(readdirSync(folder)).toEqual([signal]);
  expect(readdirSync(join(folder, signal)).sort()).toEqual(["lighter.json", "one"]);
  rmSync(join(folder, signal), { recursive: true });
});

test("a failure leaves nothing", () => {
  expect(write("failed", `throw new Error("no space left")`)).toBe(1);
  expect(readdirSync(folder)).toEqual([]);
});
