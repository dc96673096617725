/** Servers that come up and then do not answer as servers do: translate ends all the same, and says what it saw. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { WarmRequest } from "../src/boot/warm.ts";
import { translateImage } from "../src/cli/translate_image.ts";
import { ociLayout, tarOf } from "../src/image/_testing.ts";
import {
  accept,
  answer,
  exit,
  listen,
  pauseForever,
  sleepForever,
  spin,
  tellRequest,
  tinyElf,
} from "./support/tiny_elf.ts";

const folder = mkdtempSync(join(tmpdir(), "lighter-hard-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Translates an image of this program; gives what the guest, and we, said meanwhile. */
async function translate(
  code: readonly number[],
  warm: (string | WarmRequest)[] = [],
): Promise<{ said: string[]; files: string[] }> {
  const place = mkdtempSync(join(folder, "case-"));
  const layer = tarOf([{ path: "server", content: tinyElf(code), mode: 0o755 }]);
  const files = ociLayout({ layers: [{ tar: layer }], config: { Entrypoint: ["/server"] } });
  writeFileSync(join(place, "image"), tarOf([...files].map(([path, content]) => ({ path, content }))));
  const said: string[] = [];
  const requests = warm.map((request): WarmRequest =>
    typeof request === "string" ? { method: "GET", path: request, headers: [], body: null, keep: true } : request
  );
  const { out } = await translateImage(join(place, "image"), {
    out: join(place, "out"),
    targets: ["deno"],
    warm: requests,
    onOutput: (line) => said.push(line),
  });
  return { said, files: readdirSync(out) };
}

test("a server that listens and never accepts", async () => {
  const { said, files } = await translate([...listen, ...pauseForever]);
  expect(files).toContain("deno.js");
  expect(said).toContain("GET /: the server waits, and does not answer");
});

test("a server that never accepts, and wakes up all the time", async () => {
  const { said, files } = await translate([...listen, ...sleepForever(100)], ["/"]);
  expect(files).toContain("deno.js");
  expect(said).toContain("GET /: the server waits, and does not answer");
});

test("a server that begins an answer and does not end it", async () => {
  const { files } = await translate([...listen, ...accept, ...answer("HTTP/1.1 200 OK\r\n\r\nhalf"), ...pauseForever]);
  expect(files).toContain("deno.js");
});

test("a server that ends with its first request", async () => {
  const { files } = await translate([...listen, ...accept, ...exit(1)]);
  expect(files).toContain("deno.js");
  await expect(translate([...listen, ...accept, ...exit(1)], ["/"])).rejects.toThrow(/ended during the warm-up/);
});

test("a server that computes for ever once it is asked", async () => {
  const { said, files } = await translate([...listen, ...accept, ...spin]);
  expect(files).toContain("deno.js");
  expect(said.join()).toMatch(/GET \/ takes the server more than 20 s/);
});

test("a training request's body comes with its length, or in chunks if that is asked for", async () => {
  const code = [...listen, ...accept, ...tellRequest, ...answer("HTTP/1.1 204 No Content\r\n\r\n"), ...pauseForever];
  const post: WarmRequest = { method: "POST", path: "/", headers: [], body: "\u00fcber", keep: true };
  const { said } = await translate(code, [post]);
  expect(said.join("\n")).toMatch(/^Content-Length: 5\r$/m);
  expect(said.join()).not.toMatch(/Transfer-Encoding/);
  const chunked = await translate(code, [{ ...post, headers: [["Transfer-Encoding", "chunked"]] }]);
  expect(chunked.said.join("\n")).toMatch(/^Transfer-Encoding: chunked\r$/m);
  expect(chunked.said.join()).not.toMatch(/Content-Length/);
});
