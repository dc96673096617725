/**
 * Bad input through the real command: exactly one line on stderr that says what is wrong, an exit code that is not 0, nothing
 * written, nothing hung.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import {
  concat,
  dockerArchive,
  type Files,
  ociLayout,
  rawHeader,
  tarOf,
  type TarSpec,
  utf8,
} from "../src/image/_testing.ts";
import { bindUdp, crash, exit, listen, listenUnix, pauseForever, say, spin, tinyElf } from "./support/tiny_elf.ts";

const MAIN = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "lighter-bad-"));

afterAll(() => rmSync(folder, { recursive: true }));

interface Outcome {
  code: number | null;
  stderr: string[];
}

/** Runs `translate` on a file or folder of these contents; checks that nothing is left behind. */
function translate(image: Uint8Array | Files, args: string[] = []): Outcome {
  const place = mkdtempSync(join(folder, "case-"));
  const input = join(place, "image"), out = join(place, "out");
  if (image instanceof Map) writeFolder(input, image);
  else writeFileSync(input, image);
  const outcome = run([input, "--out", out, ...args]);
  expect(readdirSync(place)).toEqual(["image"]);
  return outcome;
}

function run(args: string[]): Outcome {
  const { status, stderr, stdout } = spawnSync(process.execPath, ["run", "-A", MAIN, "translate", ...args], {
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1" },
    timeout: 100_000,
  });
  expect(stdout).toBe("");
  const lines = stderr.trimEnd().split("\n");
  // Stations that took more than a second are named once they are over, here on a slow machine.
  return { code: status, stderr: lines.filter((line) => !/^[a-z -]+: \d+\.\d s$/.test(line)) };
}

function writeFolder(at: string, files: Files): void {
  for (const [path, content] of files) {
    mkdirSync(dirname(join(at, path)), { recursive: true });
    writeFileSync(join(at, path), content);
  }
}

const archive = (files: Files) => tarOf([...files].map(([path, content]) => ({ path, content })));

/** An image with these files that starts /server. */
function imageOf(
  entries: readonly TarSpec[],
  config: Record<string, unknown> = { Entrypoint: ["/server"] },
): Uint8Array {
  return archive(ociLayout({ layers: [{ tar: tarOf(entries) }], config }));
}

const server = (content: Uint8Array | string): TarSpec => ({ path: "server", content, mode: 0o755 });

function expectRefused({ code, stderr }: Outcome, line: RegExp): void {
  expect(stderr.length, stderr.join("\n")).toBe(1);
  expect(stderr[0]).toMatch(line);
  expect(stderr[0]).toMatch(/^lighter translate: /);
  expect(code).toBe(1);
}

/** Damages one blob of an image: the largest, which is a layer. */
function withLayer(change: (layer: Uint8Array) => Uint8Array): Files {
  const files = ociLayout({ layers: [{ tar: tarOf([server("x".repeat(5000))]) }] });
  const [path, layer] = [...files].filter(([p]) => p.startsWith("blobs/")).sort((a, b) => b[1].length - a[1].length)[0];
  files.set(path, change(layer));
  return files;
}

const CASES: Record<string, [image: () => Uint8Array | Files, line: RegExp, args?: string[]]> = {
  "not a tar": [
    () => utf8("Hello, this is not a container image.\n".repeat(100)),
    /image, offset 0: not a tar archive/,
  ],
  "an empty file": [() => new Uint8Array(0), /image, offset 0: not a tar archive/],
  "a folder that is no image": [() => new Map([["readme", utf8("hello")]]), /image: /],
  "a truncated archive": [() => imageOf([server("x".repeat(5000))]).slice(0, 4000), /image/],
  "a truncated layer": [() => archive(withLayer((layer) => layer.slice(0, 3000))), /blobs\/sha256\/.*|layer/],
  "a layer with another digest": [
    () => withLayer((layer) => layer.map((byte, i) => i === 2000 ? byte ^ 1 : byte)),
    /digest|sha256/,
  ],
  "a path that escapes the root": [
    () => imageOf([{ path: "../../etc/passwd", content: "x" }]),
    /\.\.\/\.\.\/etc\/passwd/,
  ],
  "an absolute link as a directory on the way": [
    () => imageOf([{ path: "a", type: "symlink", linkPath: "a" }, { path: "a/b", content: "x" }]),
    /a\/b|link/,
  ],
  "a program behind a loop of links": [
    () =>
      imageOf([
        { path: "server", type: "symlink", linkPath: "/other" },
        { path: "other", type: "symlink", linkPath: "/server" },
      ]),
    /server/,
  ],
  "an image for arm64 only": [
    () => archive(ociLayout({ layers: [{ tar: tarOf([server("x")]) }], architecture: "arm64" })),
    /amd64.*arm64|arm64/,
  ],
  "an image for Windows": [
    () => archive(dockerArchive({ layers: [{ tar: tarOf([server("x")]) }], os: "windows" })),
    /windows/,
  ],
  "no entrypoint": [() => imageOf([server("x")], {}), /entrypoint|command/i],
  "an entrypoint that is not there": [() => imageOf([{ path: "other", content: "x" }]), /"\/server"/],
  "an entrypoint that is a folder": [() => imageOf([{ path: "server/", type: "directory" }]), /server/],
  "an entrypoint that may not be executed": [
    () => imageOf([{ ...server(tinyElf(exit(0))), mode: 0o644 }]),
    /"\/server": it is not an executable file/,
  ],
  "a working directory that is not there": [
    () => imageOf([server(tinyElf(exit(0)))], { Entrypoint: ["/server"], WorkingDir: "/none" }),
    /none/,
  ],
  "a user that is not there": [
    () => imageOf([server(tinyElf(exit(0)))], { Entrypoint: ["/server"], User: "nosuch" }),
    /nosuch/,
  ],
  "a program that is text": [() => imageOf([server("hello\n")]), /"\/server": it is neither/],
  "a script without its interpreter": [() => imageOf([server("#!/bin/none\n")]), /"\/server": .*interpreter/],
  "a 32-bit program": [() => imageOf([server(tinyElf(exit(0)).map((b, i) => i === 4 ? 1 : b))]), /32.bit|class/i],
  "a program for another machine": [
    () => imageOf([server(tinyElf(exit(0)).map((b, i) => i === 18 ? 183 : b))]),
    /program for arm64/,
  ],
  "a truncated program header": [
    () => imageOf([server(tinyElf(exit(0)).slice(0, 70))]),
    /server.*(truncated|beyond|past)/,
  ],
  "a truncated program": [
    () => {
      const elf = tinyElf(exit(0));
      new DataView(elf.buffer).setUint32(64 + 32, 0x10000, true); // p_filesz
      new DataView(elf.buffer).setUint32(64 + 40, 0x10000, true);
      return imageOf([server(elf)]);
    },
    /server.*(truncated|beyond|past|end)/,
  ],
  "a program that wants all memory": [
    () => {
      const elf = tinyElf(exit(0));
      new DataView(elf.buffer).setUint32(64 + 40, 0xf0000000, true); // p_memsz
      return imageOf([server(elf)]);
    },
    /server|memory/,
  ],
  "a server that exits": [
    () => imageOf([server(tinyElf([...say("cannot find my configuration\n"), ...exit(3)]))]),
    /exited with status 3 .*cannot find my configuration/,
  ],
  "a server that exits and says nothing": [
    () => imageOf([server(tinyElf(exit(0)))]),
    /exited with status 0 .*wrote nothing/,
  ],
  "a server that crashes": [
    () => imageOf([server(tinyElf([...say("here I go\n"), ...crash]))]),
    /killed by SIGSEGV .*here I go/,
  ],
  "an instruction that no CPU has": [() => imageOf([server(tinyElf([0x0f, 0x0b]))]), /killed by SIGILL/],
  "a server that waits and never listens": [
    () => imageOf([server(tinyElf([...say("waiting\n"), ...pauseForever]))]),
    /never listens.*waiting/,
  ],
  "a server that listens on a unix socket only": [
    () => imageOf([server(tinyElf([...listenUnix("/a.sock"), ...say("accepting\n"), ...pauseForever]))]),
    /has to listen on TCP, and has unix socket "\/a\.sock"; its last output: accepting/,
  ],
  "a server of UDP": [
    () => imageOf([server(tinyElf([...bindUdp(53), ...pauseForever]))]),
    /has to listen on TCP, and has UDP port 53/,
  ],
  "a server that listens on another port than is wanted": [
    () => imageOf([server(tinyElf([...listen, ...pauseForever]))]),
    /does not listen on port 9999, but on \d+/,
    ["--port", "9999"],
  ],
  "a server that computes and never listens": [
    () => imageOf([server(tinyElf([...say("computing\n"), ...spin]))]),
    /does not listen.*computing/,
    ["--boot-timeout", "1"],
  ],
  "a layer whose file claims more than there is": [
    () => {
      // 8 GiB in base 256, and no content.
      const size = new Uint8Array(12);
      size.set([0x80, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0]);
      return archive(ociLayout({ layers: [{ tar: concat(rawHeader([[124, size]]), new Uint8Array(1024)) }] }));
    },
    /raw|size|bytes/,
  ],
  "a document that is too large": [
    () => {
      const files = ociLayout({ layers: [{ tar: tarOf([server("x")]) }] });
      files.set("index.json", utf8(`{"schemaVersion":2,"manifests":[${" ".repeat(5 << 20)}]}`));
      return archive(files);
    },
    /index\.json/,
  ],
  "a document that is nonsense": [
    () => archive(new Map([["oci-layout", utf8("{}")], ["index.json", utf8('{"manifests": 7}')]])),
    /image/,
  ],
  "a manifest without its blobs": [
    () => {
      const files = ociLayout({ layers: [{ tar: tarOf([server("x")]) }] });
      for (const path of [...files.keys()]) if (path.startsWith("blobs/")) files.delete(path);
      return archive(files);
    },
    /blobs\/sha256/,
  ],
  "control characters in names": [
    () => imageOf([{ path: "../\x1b[31mred\nline", content: "x" }]),
    /"\.\.\/\\u001b\[31mred\\nline"/,
  ],
};

for (const [name, [image, line, args]] of Object.entries(CASES)) {
  test(`${name}: one line, and nothing written`, () => expectRefused(translate(image(), args), line));
}

test("an image that is not there", () => {
  expectRefused(run([join(folder, "nothing.tar"), "--out", join(folder, "out")]), /nothing\.tar: cannot be opened/);
});

test("an output folder of somebody else is left alone", () => {
  const place = mkdtempSync(join(folder, "case-"));
  const out = join(place, "out"), image = join(place, "image");
  mkdirSync(out);
  writeFileSync(join(out, "thesis.txt"), "all my work");
  writeFileSync(image, imageOf([server(tinyElf(exit(0)))]));
  expectRefused(run([image, "--out", out]), /left alone/);
  expect(readFileSync(join(out, "thesis.txt"), "utf8")).toBe("all my work");
});

test("an earlier translation stays when the next fails", () => {
  const place = mkdtempSync(join(folder, "case-"));
  const out = join(place, "out"), image = join(place, "image");
  mkdirSync(out);
  writeFileSync(join(out, "lighter.json"), "{}");
  writeFileSync(image, imageOf([server(tinyElf(exit(0)))]));
  expectRefused(run([image, "--out", out]), /exited/);
  expect(readdirSync(out)).toEqual(["lighter.json"]);
});

test("an output path that is a file, or below one", () => {
  const place = mkdtempSync(join(folder, "case-"));
  const image = join(place, "image");
  writeFileSync(image, imageOf([server(tinyElf(exit(0)))]));
  for (const out of [image, join(image, "out")]) {
    const { code, stderr } = run([image, "--out", out]);
    expect([stderr.length, code]).toEqual([1, 1]);
  }
  expect(existsSync(image)).toBe(true);
});

test("an output folder that cannot be made is known before anything is translated", () => {
  // The image would be an error of its own, later.
  const image = join(mkdtempSync(join(folder, "case-")), "image");
  writeFileSync(image, "no image");
  expectRefused(
    run([image, "--out", "/proc/none/out"]),
    /^lighter translate: \/proc\/none\/out: cannot write the output/,
  );
});

test("a variable and arguments from the command line are the server's", () => {
  const place = mkdtempSync(join(folder, "case-")), image = join(place, "image");
  const program = tinyElf([0x8b, 0x3c, 0x24, 0xb8, 60, 0, 0, 0, 0x0f, 0x05]); // mov edi, [rsp]; mov eax, 60; syscall
  writeFileSync(image, imageOf([server(program)], { Entrypoint: ["/server"], Cmd: ["a", "b", "c"] }));
  expectRefused(run([image]), /exited with status 4 /);
  expectRefused(run([image, "--", "--port", "1"]), /exited with status 3 /);
  // Behind the arguments: null, the variables, null. PATH and HOME are always there; the third word is the new one, if any.
  const asksEnv = tinyElf([
    ...[0x31, 0xff], // xor edi, edi
    ...[0x48, 0x83, 0x7c, 0x24, 0x28, 0x00], // cmp qword [rsp + 40], 0
    ...[0x40, 0x0f, 0x95, 0xc7], // setne dil
    ...[0xb8, 60, 0, 0, 0, 0x0f, 0x05], // mov eax, 60; syscall
  ]);
  writeFileSync(image, imageOf([server(asksEnv)]));
  expectRefused(run([image]), /exited with status 0 /);
  expectRefused(run([image, "--env", "DATABASE=x"]), /exited with status 1 /);
});

test("wrong usage has an exit code of its own", () => {
  for (
    const args of [[], ["a", "b"], ["a", "--nonsense"], ["a", "--env", "NAME"], ["a", "--target", "moon"], [
      "a",
      "--boot-timeout",
      "-1",
    ]]
  ) {
    const { code, stderr } = run(args);
    expect([args, stderr.length, code]).toEqual([args, 1, 2]);
  }
});
