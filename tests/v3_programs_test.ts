/**
 * The programs of fixtures/c/v3, built for x86-64-v3 and run in the sandbox on such a processor by every engine: each line must
 * be the one that Linux printed (the .txt beside them, recorded by build.sh).
 */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { ENGINE_NAMES, type EngineName } from "../src/cli/engines.ts";
import { NodeHost } from "../src/cli/node_host.ts";
import type { CpuLevel } from "../src/machine/cpu_level.ts";
import { expectRecorded, outputOf, programTree } from "./support/run_program.ts";
import { tinyElf } from "./support/tiny_elf.ts";

const FIXTURES = fileURLToPath(new URL("../fixtures/c/v3/", import.meta.url));
function run(program: Uint8Array, engine: EngineName, cpuLevel: CpuLevel): { output: string; log: string[] } {
  const log: string[] = [];
  const host = new NodeHost();
  host.log = (_stream, line) => void log.push(line);
  return { output: outputOf(programTree(program), { engine, cpuLevel, host }), log };
}

describe("programs for x86-64-v3 compute what they compute on Linux", () => {
  for (const file of readdirSync(FIXTURES).filter((name) => name.endsWith(".elf"))) {
    for (const engine of ENGINE_NAMES) {
      it(`${file.slice(0, -4)} (${engine})`, () => {
        const path = `${FIXTURES}${file}`;
        expectRecorded(run(readFileSync(path), engine, "x86-64-v3").output, path);
      });
    }
  }
});

it("on x86-64-v2 they get SIGILL, and the report says what would help", () => {
  const { output, log } = run(readFileSync(`${FIXTURES}vectors.elf`), "jit", "x86-64-v2");
  expect(output).toBe("exit 132\n");
  expect(log.find((line) => line.includes("--cpu x86-64-v3"))).toContain("vmov");
});

it("AVX-512 is SIGILL on both, and the report says why", () => {
  for (const level of ["x86-64-v2", "x86-64-v3"] as const) {
    // vaddps zmm0, zmm1, zmm2
    const { output, log } = run(tinyElf([0x62, 0xf1, 0x74, 0x48, 0x58, 0xc2]), "jit", level);
    expect(output).toBe("exit 132\n");
    expect(log.join()).toContain("bytes 62 f1 74 48 58 c2");
    expect(log.join()).toContain("AVX-512");
  }
});

it("TZCNT and LZCNT are BSF and BSR on x86-64-v2", () => {
  // xor ecx, ecx; mov edi, 7; tzcnt edi, ecx; mov edx, 256; lzcnt edx, edx; add edi, edx; mov eax, 60; syscall
  const code = [0x31, 0xc9, 0xbf, 7, 0, 0, 0, 0xf3, 0x0f, 0xbc, 0xf9, 0xba, 0, 1, 0, 0, 0xf3, 0x0f, 0xbd, 0xd2];
  const program = tinyElf([...code, 0x01, 0xd7, 0xb8, 60, 0, 0, 0, 0x0f, 0x05]);
  for (const engine of ENGINE_NAMES) {
    expect(run(program, engine, "x86-64-v2").output).toBe("exit 15\n");
    expect(run(program, engine, "x86-64-v3").output).toBe("exit 55\n");
  }
});
