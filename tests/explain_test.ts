/** `explain`: what it says of images that are made for it, and its exit code. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { buildImage } from "../fixtures/build_image.ts";
import { type Explained, explainImage } from "../src/cli/explain.ts";
import { makeTestElf, type TestElf } from "../src/elf/_testing.ts";
import { ET_EXEC } from "../src/elf/header.ts";
import { ociLayout, tarOf, type TarSpec } from "../src/image/_testing.ts";
import type { CpuLevel } from "../src/machine/cpu_level.ts";
import { accept, exit, listen, pauseForever, tinyElf } from "./support/tiny_elf.ts";

const MAIN = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url));
const HELLO = fileURLToPath(new URL("../fixtures/images/hello", import.meta.url));
const LD = "lib64/ld-linux-x86-64.so.2";
const folder = mkdtempSync(join(tmpdir(), "lighter-explain-"));

afterAll(() => rmSync(folder, { recursive: true }));

let images = 0;
function imageFile(content: Uint8Array): string {
  const path = join(folder, `${images++}.tar`);
  writeFileSync(path, content);
  return path;
}

const file = (path: string, content: Uint8Array | string): TarSpec => ({ path, content, mode: 0o755 });

function imageOf(files: readonly TarSpec[], config: Record<string, unknown> = { Entrypoint: ["/server"] }): string {
  const layout = ociLayout({ layers: [{ tar: tarOf(files) }], config });
  return imageFile(tarOf([...layout].map(([path, content]) => ({ path, content }))));
}

interface Choices {
  level?: CpuLevel;
  boot?: boolean;
}

function explain(image: string, { level = "x86-64-v2", boot = false }: Choices = {}): Promise<Explained> {
  return explainImage(image, { level, boot });
}

/** An image of one program. */
const program = (parts: TestElf, others: readonly TarSpec[] = []) =>
  imageOf([file("server", makeTestElf(parts)), ...others]);

function command(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, ["run", "-A", MAIN, "explain", ...args], {
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1" },
  });
}

describe("the command", () => {
  test("a server that should work", () => {
    const { status, stdout, stderr } = command(imageFile(buildImage(HELLO)));
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^command: \/bin\/hello 8080\n/);
    expect(stdout).toMatch(/\n {2}\/bin\/hello: 54 kB \(program\)\n/);
    expect(stdout).toMatch(/\n {2}partial: setsockopt \(.*\), from \/bin\/hello\n/);
    expect(stdout).toMatch(/\nverdict: should work\n$/);
    expect(status).toBe(0);
  });

  test("a server that will not work, as JSON", () => {
    const { status, stdout } = command(imageOf([file("server", "#!/bin/nosh\n")]), "--json");
    const { verdict, process } = JSON.parse(stdout) as Explained;
    expect(process!.argv).toEqual(["/server"]);
    expect(verdict.kind).toBe("will not work");
    expect(verdict.reasons[0]).toMatch(/"\/bin\/nosh" is not in the image/);
    expect(status).toBe(2);
  });

  test("what is no image is an error, as for translate", () => {
    const { status, stderr } = command(imageFile(new Uint8Array(0)));
    expect(stderr).toMatch(/^lighter explain: .*not a tar archive/);
    expect(status).toBe(1);
  });

  test("--help", () => {
    const { status, stdout } = command("--help");
    expect(stdout).toMatch(/--boot/);
    expect(status).toBe(0);
  });
});

describe("what is started", () => {
  const server = file("usr/bin/server", tinyElf(exit(0)));
  const shell = file("bin/sh", tinyElf(exit(0)));
  const started = async (files: readonly TarSpec[], Entrypoint: string[], Cmd: string[] = []) => {
    const { needs } = await explain(imageOf(files, { Entrypoint, Cmd }));
    return needs!.steps.map(({ path, why }) => `${path}: ${why}`);
  };

  test("a script, its interpreter, and the command that the script runs", async () => {
    const script = file("entrypoint.sh", '#!/bin/sh -e\nsed -i s/a/b/ /etc/x\nexec "$@"\n');
    expect(await started([script, shell, server], ["/entrypoint.sh"], ["server", "-x"])).toEqual([
      "/entrypoint.sh: command",
      "/bin/sh: interpreter of /entrypoint.sh",
      "/usr/bin/server: run by /entrypoint.sh",
    ]);
  });

  test("programs that run another, and sh -c", async () => {
    const tini = file("sbin/tini", tinyElf(exit(0)));
    expect(await started([tini, shell, server], ["tini", "-g", "--", "sh", "-c", "exec server --port $PORT"])).toEqual([
      "/sbin/tini: command",
      "/bin/sh: run by /sbin/tini",
      "/usr/bin/server: run by /bin/sh",
    ]);
  });
});

describe("libraries", () => {
  const needing = { interpreter: `/${LD}`, needed: ["libone.so"] };

  test("are listed with what they need", async () => {
    const { needs, verdict } = await explain(program(needing, [
      file(LD, makeTestElf({})),
      file("usr/lib/libone.so", makeTestElf({ imports: ["io_uring_queue_init", "fork", "epoll_wait"] })),
    ]));
    expect(needs!.files.map((f) => f.path)).toEqual(["/server", `/${LD}`, "/usr/lib/libone.so"]);
    expect(needs!.processes).toEqual(["fork() in /usr/lib/libone.so"]);
    expect(needs!.syscalls.map((s) => [s.name, s.from])).toEqual([
      ["clone", ["fork()"]],
      ["epoll_wait", ["epoll_wait()"]],
      ["io_uring_setup", ["io_uring_queue_init()"]],
    ]);
    expect(needs!.syscalls.map((s) => s.level)).toEqual(["partial", "full", expect.stringMatching(/none|refused/)]);
    expect(verdict.kind).toBe("should work");
  });

  test("one that is not there is certain to fail", async () => {
    const { verdict } = await explain(program(needing, [file(LD, makeTestElf({}))]));
    expect(verdict).toMatchObject({
      kind: "will not work",
      reasons: ["libone.so, which /server needs, is not in the image"],
    });
  });
});

describe("what is certain to fail", () => {
  const reasonFor = async (image: string) => {
    const { verdict } = await explain(image);
    expect(verdict.kind).toBe("will not work");
    return verdict.reasons.join();
  };
  const program32 = tinyElf(exit(0));
  program32[4] = 1;
  const forArm = tinyElf(exit(0));
  forArm[18] = 183;

  test.each<[string, string, RegExp]>([
    ["no command", imageOf([file("server", tinyElf(exit(0)))], {}), /entrypoint|command/i],
    ["a program that is not there", imageOf([]), /"\/server" is not in the image/],
    ["a folder", imageOf([{ path: "server/", type: "directory" }]), /\/server is not an executable file/],
    [
      "a file that may not be executed",
      imageOf([{ path: "server", content: tinyElf(exit(0)), mode: 0o644 }]),
      /\/server is not an executable file/,
    ],
    ["a file that is no program", imageOf([file("server", "hello")]), /neither an ELF program nor a script/],
    ["a 32-bit program", imageOf([file("server", program32)]), /32-bit/],
    ["a program for arm64", imageOf([file("server", forArm)]), /arm64/],
    ["a damaged program", imageOf([file("server", tinyElf(exit(0)).slice(0, 70))]), /server.*truncated/],
  ])("%s", async (_what, image, reason) => {
    expect(await reasonFor(image)).toMatch(reason);
  });

  test("an image for another machine", async () => {
    const layers = [{ tar: tarOf([file("server", forArm)]) }];
    const layout = ociLayout({ layers, config: { Entrypoint: ["/server"] }, architecture: "arm64" });
    expect(await reasonFor(imageFile(tarOf([...layout].map(([path, content]) => ({ path, content }))))))
      .toMatch(/no image for linux\/amd64/);
  });
});

describe("threads and runtimes", () => {
  test("pthread_create", async () => {
    const { needs } = await explain(program({ imports: ["pthread_create"] }));
    expect(needs!.threads).toEqual(["pthread_create() in /server"]);
    expect(needs!.syscalls.map((s) => s.name)).toEqual(expect.arrayContaining(["clone3", "futex", "rseq"]));
  });

  test("Go, with its version", async () => {
    const info = new Uint8Array(64);
    info.set([0xff, ...new TextEncoder().encode(" Go buildinf:"), 8, 2]);
    info.set([6, ...new TextEncoder().encode("go1.22")], 32);
    const { needs } = await explain(program({ sections: { ".go.buildinfo": info } }));
    expect(needs!.runtimes).toEqual([{ name: "go", version: "1.22", note: "" }]);
    expect(needs!.threads).toEqual(["Go's runtime"]);
  });

  test("Rust, by its compiler's comment", async () => {
    const comment = new TextEncoder().encode("GCC: (GNU) 12\0rustc version 1.80.1 (3f5fd8dd4 2024-08-06)\0");
    const { needs } = await explain(program({ sections: { ".comment": comment } }));
    expect(needs!.runtimes).toEqual([{ name: "rust", version: "1.80.1", note: "" }]);
  });

  test("an interpreter, its version by what its link leads to, and its plugins", async () => {
    const { needs } = await explain(imageOf([
      file("usr/bin/python3.11", makeTestElf({})),
      { path: "usr/bin/python3", type: "symlink", linkPath: "python3.11" },
      file("usr/lib/python3.11/lib-dynload/_json.so", makeTestElf({})),
      file("usr/lib/other.so", makeTestElf({})),
    ], { Entrypoint: ["python3", "server.py"] }));
    expect(needs!.runtimes).toEqual([{ name: "python", version: "3.11", note: "" }]);
    expect(needs!.plugins).toMatchObject({ count: 1, examples: ["/usr/lib/python3.11/lib-dynload/_json.so"] });
  });
});

describe("instructions", () => {
  // vzeroupper; vaddpd ymm0, ymm0, ymm0
  const avx = [0xc5, 0xf8, 0x77, 0xc5, 0xfd, 0x58, 0xc0];
  const cpuid = [0x31, 0xc0, 0x0f, 0xa2];

  test("a file that says it is built for v3 works with --cpu x86-64-v3", async () => {
    const image = program({ isaNeeded: 4 });
    expect((await explain(image)).verdict).toMatchObject({
      kind: "works with --cpu x86-64-v3",
      reasons: ["/server needs it"],
    });
    expect((await explain(image, { level: "x86-64-v3" })).verdict.kind).toBe("should work");
  });

  test("a file that says it is built for v4 does not work", async () => {
    const { verdict } = await explain(program({ isaNeeded: 8 }), { level: "x86-64-v3" });
    expect(verdict).toMatchObject({ kind: "will not work", reasons: ["/server is built for x86-64-v4"] });
  });

  test("code with AVX throughout needs v3; a little of it behind CPUID is chosen", async () => {
    const all = await explain(program({ type: ET_EXEC, code: [...avx, ...avx, 0xc3] }));
    expect(all.needs!.files[0]).toMatchObject({ v3: { avx: 0 }, v3Use: "needed" });
    expect(all.verdict.kind).toBe("works with --cpu x86-64-v3");
    const nops = Array.from({ length: 100 }, () => 0x90);
    const some = await explain(program({ type: ET_EXEC, code: [...cpuid, ...nops, ...avx, 0xc3] }));
    expect(some.needs!.files[0]).toMatchObject({ v3: { avx: 0 }, v3Use: "chosen at run time" });
    expect(some.verdict.kind).toBe("should work");
  });

  test("AVX-512 is named", async () => {
    // vaddpd zmm0, zmm0, zmm0
    const { needs } = await explain(program({ type: ET_EXEC, code: [0x62, 0xf1, 0xfd, 0x48, 0x58, 0xc0, 0xc3] }));
    expect(Object.keys(needs!.files[0].unsupported)).toEqual(["AVX-512"]);
  });

  test("an instruction that other processors run as another one needs nothing", async () => {
    // tzcnt eax, eax: bsf where there is no BMI
    const { needs } = await explain(program({ type: ET_EXEC, code: [0xf3, 0x0f, 0xbc, 0xc0, 0xc3] }));
    expect(needs!.files[0].v3Use).toBe("none");
  });
});

describe("system calls of static programs", () => {
  test("numbers are told from constants, and what is no constant is counted", async () => {
    const code = [
      ...[0xb8, 41, 0, 0, 0, 0x0f, 0x05], // mov eax, 41; syscall
      ...[0x31, 0xc0, 0x0f, 0x05], // xor eax, eax; syscall
      ...[0xb8, 0xf3, 1, 0, 0, 0x89, 0xf9, 0x0f, 0x05], // mov eax, 499; mov ecx, edi; syscall
      ...[0x48, 0x89, 0xf8, 0x0f, 0x05], // mov rax, rdi; syscall
      ...[0xb8, 1, 0, 0, 0, 0xe8, 0, 0, 0, 0, 0x0f, 0x05, 0xc3], // mov eax, 1; call; syscall
    ];
    const { needs, verdict } = await explain(program({ type: ET_EXEC, code }));
    expect(needs!.syscalls.map((s) => [s.number, s.level])).toEqual([[0, "full"], [41, "partial"], [499, "none"]]);
    expect(needs!.files[0].otherSyscalls).toBe(2);
    expect(verdict.kind).toBe("should work");
    expect(verdict.doubts[0]).toMatch(/^syscall 499: not implemented/);
  });
});

describe("with --boot", { timeout: 60_000 }, () => {
  const serving = (code: readonly number[]) => imageOf([file("server", tinyElf(code))]);

  test("what the server met is told", async () => {
    const unknown = [0xb8, 0xf3, 1, 0, 0, 0x0f, 0x05];
    const { met, verdict } = await explain(serving([...unknown, ...unknown, ...listen, ...accept, ...exit(0)]), {
      boot: true,
    });
    expect(met).toMatchObject({
      problem: "",
      listeners: [{ ip: "0.0.0.0", port: expect.any(Number) }],
      processes: [{ pid: 1, program: "/server", threads: 1 }],
      syscalls: [{ number: 499, name: "syscall 499", count: 2 }],
      unsupported: [],
    });
    // The program, its stack and little else.
    expect(met!.memoryBytes).toBeGreaterThanOrEqual(2 * 4096);
    expect(met!.memoryBytes).toBeLessThan(64 * 4096);
    expect(verdict.kind).toBe("should work");
  });

  test("an illegal instruction that the other processor has", async () => {
    const image = serving([0xc5, 0xf8, 0x77, ...listen, ...accept, ...exit(0)]);
    const { met, verdict } = await explain(image, { boot: true });
    expect(met).toMatchObject({ problem: expect.stringMatching(/SIGILL/), ofHigherLevel: ["vzeroupper"] });
    expect(verdict.kind).toBe("works with --cpu x86-64-v3");
    expect((await explain(image, { boot: true, level: "x86-64-v3" })).verdict.kind).toBe("should work");
  });

  test("a program that does not listen will not work", async () => {
    const ended = await explain(serving(exit(3)), { boot: true });
    expect(ended.verdict).toMatchObject({
      kind: "will not work",
      reasons: [expect.stringMatching(/exited with status 3/)],
    });
    const waiting = await explain(serving(pauseForever), { boot: true });
    expect(waiting.verdict.reasons).toEqual([expect.stringMatching(/never listens/)]);
  });
});
