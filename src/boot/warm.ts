/**
 * Training requests: answered by the guest at build time, before it is frozen, so that its caches are warm and the translator
 * knows the code they run.
 *
 * A warm file has one request a line: a path ("/hello"), a method and a path ("HEAD /hello"), or a JSON object
 * {"method", "path", "headers", "body", "times", "keep"}, the body being sent so many times over. With "keep": false a copy of
 * the server is asked: the translator knows the code, and what the request changes is not in the snapshot. Empty lines and
 * lines that begin with # are left out. A body is sent with its length, as clients do, unless there is a field
 * "Transfer-Encoding": "chunked".
 */
import { badInput, overLimit } from "../errors.ts";
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
  /** Whether the server that is frozen answers it, too, or its copy alone. */
  keep: boolean;
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
    try {
      toRequest(request);
    } catch (e) {
      throw badInput(`line ${i + 1}: no client can send that: ${(e as Error).message}`, { file: name });
    }
    return [request];
  });
}

function fromWords(line: string): WarmRequest | null {
  const words = line.split(/\s+/);
  if (words.length > 2) return null;
  const method = words.length === 2 ? words[0] : "GET";
  return { method, path: words[words.length - 1], headers: [], body: null, keep: true };
}

function fromJson(line: string, name: string, number: number): WarmRequest | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (e) {
    throw badInput(`line ${number}: ${(e as Error).message}`, { file: name });
  }
  const { method = "GET", path, headers = {}, body = null, times = 1, keep = true } = value as Record<string, unknown>;
  if (typeof method !== "string" || typeof path !== "string" || typeof headers !== "object" || headers === null) {
    return null;
  }
  if (body !== null && typeof body !== "string") return null;
  if (typeof keep !== "boolean") return null;
  if (typeof times !== "number" || !Number.isInteger(times) || times < 1) return null;
  const sent = body === null ? null : body.repeat(times);
  return { method, path, headers: Object.entries(headers).map(([k, v]) => [k, String(v)]), body: sent, keep };
}

/** Methods that fetch makes no requests with (https://fetch.spec.whatwg.org/#forbidden-method); servers get them all the same. */
const FORBIDDEN: ReadonlySet<string> = new Set(["TRACE", "TRACK"]);

/** Throws TypeError for what fetch does not know: a method or a field's name that is no token, GET with a body. */
function toRequest({ method, path, headers, body }: WarmRequest, signal: AbortSignal | null = null): Request {
  const isForbidden = FORBIDDEN.has(method.toUpperCase());
  const hasLength = body === null || headers.some(([name]) => /^(content-length|transfer-encoding)$/i.test(name));
  const length: [string, string][] = hasLength ? [] : [["Content-Length", `${new TextEncoder().encode(body).length}`]];
  const init = { method: isForbidden ? "OPTIONS" : method, headers: [...headers, ...length], body, signal };
  const request = new Request(`http://localhost${path}`, init);
  if (isForbidden) Object.defineProperty(request, "method", { value: method });
  return request;
}

/** The bound on the bytes of a training request's response that are read. */
const RESPONSE_BYTES = 64 << 20;

export interface WarmUpOptions {
  /** The guest's port. */
  port: number;
  /** Real time in milliseconds. */
  now: () => number;
  /** Bound on what a request may compute, in that time. */
  requestMs: number;
  /** One connection for all requests, if the guest keeps it, in place of one each. */
  keepAlive?: boolean;
  /** Told to the guest as that of the client. */
  clientAddress?: string;
}

/**
 * Has the guest answer the requests on a port, one after the other; then lets it settle. A request that gets no answer is given up,
 * also where timers of the guest go on; one that keeps the guest busy for `requestMs` is an error.
 */
export async function warmUp(
  k: Kernel,
  host: BootHost,
  requests: readonly WarmRequest[],
  { port, now, requestMs, keepAlive = false, clientAddress }: WarmUpOptions,
): Promise<void> {
  const instance = {
    kernel: k,
    run: (sliceNs: number) => k.run(sliceNs),
    nextDeadlineNs: () => k.nextDeadlineNs(),
    clock: k.clock,
    net: k.net,
    // All files are here.
    onWake: null,
    get alive() {
      return k.exitStatus === null;
    },
  };
  const client = clientAddress === undefined ? {} : { remoteAddress: clientAddress };
  const timers = new BootTimers(host, now, requestMs);
  const handler = createHandler(sharedInstance(() => instance), {
    port,
    keepAlive,
    keepsTime: false,
    timers,
    sliceMs: SLICE_MS,
    timeoutMs: Infinity,
    log: (line) => host.log(0, line),
  });
  try {
    for (const training of requests) {
      const { method, path } = training, abort = new AbortController();
      const request = toRequest(training, abort.signal);
      const answer = Promise.resolve(handler(request, client)).then(readAll);
      // An aborted stream fails; what it had to say is of no interest.
      answer.catch(() => {});
      const end = await timers.endOf(answer);
      if (end === "too long") throw overLimit(`${method} ${path} takes the server more than ${requestMs / 1000} s`);
      if (end === "never") {
        host.log(0, `${method} ${path}: the server waits, and does not answer`);
        abort.abort();
      }
    }
    const giveUpMs = now() + requestMs;
    for (let outcome = k.run(SETTLE_NS); outcome === "busy" && now() < giveUpMs;) outcome = k.run(SETTLE_NS);
  } finally {
    // A guest that computes, or wakes up again and again, would go on beside what follows.
    timers.end();
  }
}

/** How often a guest that nobody asks for anything goes on, at most: some wake up every millisecond. */
const IDLE_ROUNDS = 500;

/** Has the guest do what it does when nobody asks for anything: for so much of its time, if it does not compute for `realMs`. */
export function letTimePass(k: Kernel, host: BootHost, guestNs: number, now: () => number, realMs: number): void {
  const endNs = k.clock.monotonicNs() + guestNs, giveUpMs = now() + realMs;
  for (let round = 0; round < IDLE_ROUNDS && k.exitStatus === null && now() < giveUpMs; round++) {
    if (k.run(SETTLE_NS) === "busy") continue;
    const deadlineNs = k.nextDeadlineNs(), nowNs = k.clock.monotonicNs();
    if (deadlineNs > endNs) return;
    host.advanceTo(host.monotonicNs() + deadlineNs - nowNs);
  }
}

/** Boot time passes slowly while a guest computes: these are up to a second of real time. */
const SLICE_MS = 1, SETTLE_NS = 1e6;

async function readAll(response: Response): Promise<void> {
  let bytes = 0;
  for await (const piece of response.body ?? []) if ((bytes += piece.length) > RESPONSE_BYTES) break;
}

/** Timers in boot time: what is waited for happens at once, and the clock is moved to it. */
class BootTimers implements Timers {
  readonly #set = new Set<unknown>();
  #hasEnded = false;

  constructor(readonly host: BootHost, readonly realMs: () => number, readonly requestMs: number) {}

  now(): number {
    return this.host.monotonicNs() / 1e6;
  }

  after(ms: number, callback: () => void): unknown {
    const at = this.host.monotonicNs() + ms * 1e6;
    return this.soon(() => {
      this.host.advanceTo(at);
      callback();
    });
  }

  soon(callback: () => void): unknown {
    if (this.#hasEnded) return null;
    const handle = setTimeout(() => {
      this.#set.delete(handle);
      callback();
    }, 0);
    this.#set.add(handle);
    return handle;
  }

  clear(handle: unknown): void {
    this.#set.delete(handle);
    clearTimeout(handle as ReturnType<typeof setTimeout>);
  }

  /** Nothing happens any more. */
  end(): void {
    this.#hasEnded = true;
    for (const handle of [...this.#set]) this.clear(handle);
  }

  /**
   * Waits for work: "done"; "never" if nothing is set to happen any more, or all that happened in so much of the guest's time
   * was that its timers went off; "too long" in real time.
   */
  async endOf(work: Promise<unknown>): Promise<"done" | "never" | "too long"> {
    const giveUpMs = this.realMs() + this.requestMs, giveUpAt = this.now() + this.requestMs;
    let over = false;
    const done = () => void (over = true);
    work.then(done, done);
    for (let idle = 0; idle < 5;) {
      await new Promise((go) => setTimeout(go, idle));
      if (over) return "done";
      idle = this.#set.size === 0 ? idle + 1 : 0;
      if (this.realMs() > giveUpMs) return "too long";
      if (this.now() > giveUpAt) return "never";
    }
    return "never";
  }
}
