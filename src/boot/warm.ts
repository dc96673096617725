/**
 * Training requests: answered by the guest at build time, before it is frozen, so that its caches are warm and the translator
 * knows the code they run.
 *
 * A warm file has one request a line: a path ("/hello"), a method and a path ("HEAD /hello"), or a JSON object
 * {"method", "path", "headers", "body"}. Empty lines and lines that begin with # are left out.
 */
import { badInput } from "../errors.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { createHandler } from "../serve/handler.ts";
import { sharedInstance } from "../serve/instance.ts";
import type { Timers } from "../serve/timers.ts";
import type { BootHost } from "./boot_host.ts";

export interface WarmRequest {
  method: string;
  path: string;
  headers: [name: string, value: string][];
  body: string | null;
}

/** Reads a warm file; `name` is for errors. */
export function parseWarmFile(text: string, name: string): WarmRequest[] {
  return text.split(/\r?\n/).flatMap((line, i) => {
    const trimmed = line.trim();
    if (trimmed === "" || trimmed.startsWith("#")) return [];
    const request = trimmed.startsWith("{") ? fromJson(trimmed, name, i + 1) : fromWords(trimmed);
    if (request === null || !request.path.startsWith("/")) {
      throw badInput(`line ${i + 1} is no request: want a path, METHOD PATH, or a JSON object`, { file: name });
    }
    return [request];
  });
}

function fromWords(line: string): WarmRequest | null {
  const words = line.split(/\s+/);
  if (words.length > 2) return null;
  return { method: words.length === 2 ? words[0] : "GET", path: words[words.length - 1], headers: [], body: null };
}

function fromJson(line: string, name: string, number: number): WarmRequest | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (e) {
    throw badInput(`line ${number}: ${(e as Error).message}`, { file: name });
  }
  const { method = "GET", path, headers = {}, body = null } = value as Record<string, unknown>;
  if (typeof method !== "string" || typeof path !== "string" || typeof headers !== "object" || headers === null) return null;
  if (body !== null && typeof body !== "string") return null;
  return { method, path, headers: Object.entries(headers).map(([k, v]) => [k, String(v)]), body };
}

/** Has the guest answer the requests, one after the other, each on a connection of its own; then lets it settle. */
export async function warmUp(k: Kernel, host: BootHost, requests: readonly WarmRequest[]): Promise<void> {
  const instance = {
    kernel: k,
    run: (sliceNs: number) => k.run(sliceNs),
    nextDeadlineNs: () => k.nextDeadlineNs(),
    clock: k.clock,
    net: k.net,
    get alive() {
      return k.exitStatus === null;
    },
  };
  const handler = createHandler(sharedInstance(() => instance), {
    keepAlive: false,
    keepsTime: false,
    timers: new BootTimers(host),
    timeoutMs: 60_000,
    log: (line) => host.log(0, line),
  });
  for (const { method, path, headers, body } of requests) {
    const response = await handler(new Request(`http://localhost${path}`, { method, headers, body }));
    await response.arrayBuffer();
  }
  for (let outcome = k.run(); outcome === "busy";) outcome = k.run();
}

/** Timers in boot time: what is waited for happens at once, and the clock is moved to it. */
class BootTimers implements Timers {
  constructor(readonly host: BootHost) {}

  now(): number {
    return this.host.monotonicNs() / 1e6;
  }

  after(ms: number, callback: () => void): unknown {
    // A response's time limit is set beside the guest's own deadlines; only those move the clock.
    if (ms >= 60_000) return null;
    const at = this.host.monotonicNs() + ms * 1e6;
    return setTimeout(() => {
      this.host.advanceTo(at);
      callback();
    }, 0);
  }

  soon(callback: () => void): unknown {
    return setTimeout(callback, 0);
  }

  clear(handle: unknown): void {
    if (handle !== null) clearTimeout(handle as ReturnType<typeof setTimeout>);
  }
}
