/** The image of the demo: its committed binary is what its source gives, and the image is the same bytes each time. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { buildImage } from "../fixtures/build_image.ts";
import { openImageArchive } from "../src/image/open_image.ts";
import { MemorySource } from "../src/image/source.ts";

const HELLO = fileURLToPath(new URL("../fixtures/images/hello", import.meta.url));

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

it("the committed binary has the recorded digest, and is small and executable", () => {
  const [digest, path] = readFileSync(join(HELLO, "hello.sha256"), "utf8").trim().split(/\s+/);
  const binary = readFileSync(join(HELLO, path));
  expect(sha256(binary)).toBe(digest);
  expect(binary.length).toBeLessThan(200_000);
  expect(statSync(join(HELLO, path)).mode & 0o111).not.toBe(0);
});

it.skipIf(!hasRecordedCompiler())("hello.c gives the committed binary with musl-gcc of gcc 12.2.0", () => {
  const folder = mkdtempSync(join(tmpdir(), "lighter-hello-"));
  try {
    const out = join(folder, "hello");
    execFileSync(join(HELLO, "build.sh"), [out]);
    expect(sha256(readFileSync(out))).toBe(sha256(readFileSync(join(HELLO, "root/bin/hello"))));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it("the image has these bytes on every machine", () => {
  expect(sha256(buildImage(HELLO))).toBe("f2a5de87f0a33db18910a0244b451f57ab6e39642286b0cbeb96abf49779e9c0");
});

it("the image opens with its reference, command and port", async () => {
  const image = await openImageArchive(new MemorySource("hello.tar", [buildImage(HELLO)]));
  expect(image.references).toEqual(["lighter.example/hello:1"]);
  expect(image.config.entrypoint).toEqual(["/bin/hello"]);
});

function hasRecordedCompiler(): boolean {
  try {
    return execFileSync("musl-gcc", ["-dumpfullversion"], { encoding: "utf8", stdio: "pipe" }).trim() === "12.2.0";
  } catch {
    return false;
  }
}
