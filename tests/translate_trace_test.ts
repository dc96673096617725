/** `translate --trace`: system calls of the boot and of the training on standard error, under the station's name. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { ociLayout, tarOf } from "../src/image/_testing.ts";
import { accept, answer, exit, listen, tinyElf } from "./support/tiny_elf.ts";

const MAIN = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "lighter-trace-"));

afterAll(() => rmSync(folder, { recursive: true }));

test("boot and training are traced, each under its name", { timeout: 120_000 }, () => {
  const response = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
  const server = tinyElf([...listen, ...accept, ...answer(response), ...exit(0)]);
  const layers = [{ tar: tarOf([{ path: "server", content: server, mode: 0o755 }]) }];
  const layout = ociLayout({ layers, config: { Entrypoint: ["/server"] } });
  const image = join(folder, "image.tar");
  writeFileSync(image, tarOf([...layout].map(([path, content]) => ({ path, content }))));
  const args = ["run", "-A", MAIN, "translate", image, "--out", join(folder, "out"), "--target", "deno"];
  const { status, stderr } = spawnSync(process.execPath, [...args, "--trace"], {
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1" },
  });
  expect(status, stderr).toBe(0);
  const stations = stderr.split(/^--- /m);
  const of = (name: string) => stations.find((text) => text.startsWith(`${name}\n`))!;
  expect(of("boot")).toMatch(/^\[1\] socket\(.*\) = 3$/m);
  expect(of("boot")).toMatch(/^\[1\] listen\(3, 5\) = 0$/m);
  expect(of("boot")).not.toMatch(/accept\(.*\) = 4/);
  expect(of("training")).toMatch(/^\[1\] accept\(3, .*\) = 4$/m);
  expect(of("training")).toMatch(/^\[1\] write\(4, "HTTP\/1\.1 200 OK\\r\\n.*\) = \d+$/m);
});
