/** Runs programs in processes of batch.ts: one a job, replaced when it hangs, dies or has run many programs. */
import type { BatchReply, BatchRequest } from "./batch.ts";
import { type BuiltProgram, VARIES } from "./build.ts";
import { cpuLevelOf } from "./cases.ts";
import type { Verdict } from "./run.ts";

const BATCH = new URL("batch.ts", import.meta.url).pathname;
/** What one process leaves behind in memory is bounded by this. */
const PROGRAMS_PER_PROCESS = 150;
/** Time on top of a program's own limit after which the process is killed: code that never asks for the time. */
const GRACE_MS = 5_000;

/** One process of batch.ts. */
class BatchProcess {
  private readonly child = new Deno.Command("deno", {
    args: ["run", "-A", BATCH],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  private readonly writer = this.child.stdin.getWriter();
  private readonly reader = this.child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  private pending = "";
  served = 0;

  /** The reply, "timeout", or "died". */
  async ask(request: BatchRequest): Promise<BatchReply | "timeout" | "died"> {
    this.served++;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const timeout = new Promise<"timeout">((resolve) => {
      timer = setTimeout(() => resolve("timeout"), request.timeoutMs + GRACE_MS);
    });
    try {
      await this.writer.write(new TextEncoder().encode(JSON.stringify(request) + "\n"));
      return await Promise.race([this.readReply(), timeout]);
    } catch {
      return "died";
    } finally {
      clearTimeout(timer);
    }
  }

  private async readReply(): Promise<BatchReply | "died"> {
    for (;;) {
      const end = this.pending.indexOf("\n");
      if (end >= 0) {
        const line = this.pending.slice(0, end);
        this.pending = this.pending.slice(end + 1);
        return JSON.parse(line) as BatchReply;
      }
      const { value, done } = await this.reader.read();
      if (done) return "died";
      this.pending += value;
    }
  }

  async close(): Promise<void> {
    try {
      this.child.kill("SIGKILL");
    } catch { /* it has ended */ }
    await this.reader.cancel().catch(() => {});
    await this.writer.abort().catch(() => {});
    await this.child.status;
  }
}

/** A lane of work: programs one after another. */
export class BatchRunner {
  private process: BatchProcess | undefined;

  constructor(private readonly engine: string, private readonly timeoutMs: number) {}

  async run(program: BuiltProgram): Promise<Verdict> {
    const start = performance.now();
    this.process ??= new BatchProcess();
    const { engine, timeoutMs } = this;
    const cpuLevel = cpuLevelOf(program.level);
    const reply = await this.process.ask({ path: program.path, engine, cpuLevel, timeoutMs });
    if (typeof reply === "string" || this.process.served >= PROGRAMS_PER_PROCESS) await this.close();
    const reason = reasonOf(reply, program.stdout);
    const ms = Math.round(performance.now() - start);
    return { name: program.name, level: program.level, passed: reason === "", reason, ms };
  }

  async close(): Promise<void> {
    await this.process?.close();
    this.process = undefined;
  }
}

function reasonOf(reply: BatchReply | "timeout" | "died", nativeStdout: string): string {
  if (reply === "timeout" || (typeof reply === "object" && reply.exitCode === 124)) return "timed out";
  if (reply === "died") return "the process that ran it died";
  if (reply.exitCode !== 0) return [`exit code ${reply.exitCode}`, reply.said].filter(Boolean).join(": ");
  return nativeStdout === VARIES || reply.stdout === nativeStdout ? "" : "prints something else than natively";
}
