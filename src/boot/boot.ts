/** Boot: runs a server at build time until it is ready: a socket listens, every task waits, and no more workers are made. */
import { badInput, overLimit } from "../errors.ts";
import { SIGKILL, signalName } from "../kernel/abi/signal.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { BootHost } from "./boot_host.ts";
import { describeOtherSockets } from "./other_sockets.ts";
import type { Listener } from "./serving_port.ts";
import { describeShortfalls } from "./shortfalls.ts";

export interface BootLimits {
  /** Real time the guest may compute before it is given up. */
  computeMs: number;
  /** Guest time it may sleep before it listens. */
  sleepMs: number;
  /** Guest time it may sleep between listening anywhere and listening on the port that is meant to get the requests. */
  graceMs: number;
  /**
   * Guest time without a new process or thread after which a server that listens has all of them. Masters pause between one
   * worker and the next (gunicorn: up to 100 ms), and what is not there in the snapshot each instance would have to make.
   */
  settleMs: number;
}

export const DEFAULT_BOOT_LIMITS: BootLimits = { computeMs: 120_000, sleepMs: 60_000, graceMs: 5000, settleMs: 300 };

/** The last lines a guest wrote: what a user needs to see when it does not come up. */
export class LastOutput {
  readonly lines: string[] = [];

  constructor(readonly most = 20) {}

  add(line: string): void {
    this.lines.push(line);
    if (this.lines.length > this.most) this.lines.shift();
  }

  /** For the end of an error message. */
  describe(): string {
    return this.lines.length === 0 ? "it wrote nothing" : `its last output: ${this.lines.join(" | ")}`;
  }
}

/**
 * Runs the guest until it is ready. Throws a TranslatorError with the guest's last output if it exits, waits for ever, or takes
 * too long. `nowMs` is a real clock.
 */
export function bootToReady(
  k: Kernel,
  host: BootHost,
  output: LastOutput,
  nowMs: () => number,
  limits: BootLimits = DEFAULT_BOOT_LIMITS,
  isReady: (listeners: readonly Listener[]) => boolean = (listeners) => listeners.length > 0,
): void {
  const giveUpMs = nowMs() + limits.computeMs;
  const findings = () =>
    [describeOtherSockets(k), describeShortfalls(k), output.describe()].filter((text) => text !== "").join("; ");
  const startNs = host.monotonicNs();
  let sinceNs = Infinity, readyNs = Infinity, newestPid = 0, newestNs = 0;
  for (;;) {
    const outcome = k.run(SLICE_NS);
    if (outcome === "exited") {
      // Who fails leaves behind what it leaves behind; who is content has gone into the background.
      const background = k.exitStatus === 0 ? describeBackground(k) : "";
      const when = background === "" ? " before it listened" : `, and its container with it: ${background}`;
      throw badInput(`the server ${describeEnd(k.exitStatus!)}${when}; ${findings()}`);
    }
    const listeners = k.net.listeners();
    if (outcome === "idle" && isReady(listeners)) {
      const now = host.monotonicNs();
      readyNs = Math.min(readyNs, now);
      if (k.newestPid !== newestPid) newestNs = now;
      newestPid = k.newestPid;
      const settledNs = Math.min(newestNs + limits.settleMs * 1e6, readyNs + limits.graceMs * 1e6);
      if (k.nextDeadlineNs() >= settledNs) return;
    }
    if (listeners.length > 0) sinceNs = Math.min(sinceNs, host.monotonicNs());
    if (nowMs() > giveUpMs) {
      if (readyNs < Infinity) return;
      throw overLimit(
        `the server does not listen after ${limits.computeMs / 1000} s of computing; ${findings()}`,
      );
    }
    if (outcome === "busy") continue;
    const deadline = k.nextDeadlineNs();
    // It listens somewhere: that has to do.
    if (deadline > sinceNs + limits.graceMs * 1e6) return;
    if (deadline === Infinity) {
      throw badInput(`the server never listens: all its tasks wait for ever; ${findings()}`);
    }
    if (deadline - startNs > limits.sleepMs * 1e6) {
      throw overLimit(
        `the server does not listen within ${limits.sleepMs / 1000} s; ${findings()}`,
      );
    }
    host.advanceTo(deadline);
  }
}

/** Guest time of one slice; boot time passes slowly, so this is many system calls, or a second of computing. */
const SLICE_NS = 5e6;

/** Daemons: what was running when the first process ended, and ended with it (pid_namespaces(7)). */
function describeBackground(k: Kernel): string {
  const left = [...k.processes.values()].filter((p) => p.pid !== 1 && (p.exitStatus & 0x7f) === SIGKILL);
  if (left.length === 0) return "";
  const names = left.map((p) => `${p.nameAtExit} (process ${p.pid})`).join(", ");
  return `${names} ${
    left.length === 1 ? "was" : "were"
  } left in the background. A container ends with its first process, so ` +
    `that has to be a server in the foreground (a setting of its own, as "daemon off", -D or -F), or wait for it`;
}

function describeEnd(status: number): string {
  const signal = status & 0x7f;
  return signal === 0 ? `exited with status ${(status >> 8) & 0xff}` : `was killed by ${signalName(signal)}`;
}
