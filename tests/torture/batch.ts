/**
 * One process that runs many programs, so that the translator is loaded once: requests are lines of JSON on stdin, verdicts
 * lines on stdout. Started by batch_pool.ts, which kills it when a program does not end.
 */
import { basename, dirname } from "node:path";
import { runProgram } from "../../src/cli/exec.ts";
import type { EngineName } from "../../src/cli/engines.ts";
import { openHostDirectory } from "../../src/cli/host_directory.ts";
import { NodeHost } from "../../src/cli/node_host.ts";
import type { ConsoleSink } from "../../src/kernel/fs/console.ts";
import type { CpuLevel } from "../../src/machine/cpu_level.ts";
import { lastLine, sha256 } from "./build.ts";

/** A program to run. */
export interface BatchRequest {
  path: string;
  engine: string;
  cpuLevel: CpuLevel;
  timeoutMs: number;
}

/** What it did. */
export interface BatchReply {
  exitCode: number;
  /** SHA-256 of its standard output. */
  stdout: string;
  /** Last line of its standard error, of the runtime's reports, or of the exception that ended it. */
  said: string;
}

/** Keeps what a program prints. */
class Capture implements ConsoleSink {
  private readonly chunks: Record<1 | 2, Uint8Array[]> = { 1: [], 2: [] };

  write(stream: 1 | 2, bytes: Uint8Array): void {
    this.chunks[stream].push(bytes.slice());
  }

  bytes(stream: 1 | 2): Uint8Array {
    return Uint8Array.from(this.chunks[stream].flatMap((chunk) => [...chunk]));
  }
}

/** Reports go to a list instead of standard error. */
class QuietHost extends NodeHost {
  readonly lines: string[] = [];
  override log(_stream: 0 | 1 | 2, line: string): void {
    this.lines.push(line);
  }
}

function serve({ path, engine, cpuLevel, timeoutMs }: BatchRequest): BatchReply {
  const console = new Capture();
  const host = new QuietHost();
  let exitCode: number;
  try {
    exitCode = runProgram({
      tree: openHostDirectory(dirname(path)),
      argv: [`/${basename(path)}`],
      env: ["PATH=/bin", "HOME=/root"],
      cwd: "/",
      engine: engine as EngineName,
      cpuLevel,
      host,
      console,
      timeoutMs,
    });
  } catch (error) {
    exitCode = 125;
    host.lines.push(String(error));
  }
  const said = host.lines.at(-1) ?? lastLine(new TextDecoder().decode(console.bytes(2)));
  return { exitCode, stdout: sha256(console.bytes(1)), said };
}

async function main(): Promise<void> {
  const out = new TextEncoder();
  let pending = "";
  for await (const chunk of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    const lines = (pending + chunk).split("\n");
    pending = lines.pop()!;
    for (const line of lines) {
      const reply = serve(JSON.parse(line) as BatchRequest);
      await Deno.stdout.write(out.encode(JSON.stringify(reply) + "\n"));
    }
  }
}

if (import.meta.main) await main();
