import { Exchange, type ExchangeContext, type ExchangeResult } from "./exchange.ts";
import type { Gateway, Lane } from "./gateway.ts";
import type { HeadMemory } from "./http1/head_memory.ts";
import type { HostConnection } from "./instance.ts";
import type { Pump } from "./pump.ts";
import type { RequestPlan } from "./request.ts";
import type { ResponseSink } from "./sink.ts";
import type { Timers } from "./timers.ts";

/** RFC 9110, section 9.2.2: only what may be repeated without harm is sent again. */
const IDEMPOTENT = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"]);

/** A request from its acquiring a guest to its end: one exchange, or two if an idle connection turned out to be closed. */
export class Conversation implements ExchangeContext {
  /** Told when nothing more is to be expected; for whoever watches the client. */
  onOver: (() => void) | null = null;
  private lane: Lane | null = null;
  private exchange: Exchange | null = null;
  private connection!: HostConnection;
  /** The exchange goes on a connection that had requests before. */
  private reused = false;
  private timer: unknown = null;
  private over = false;
  private aborted = false;

  constructor(private readonly gateway: Gateway, readonly plan: RequestPlan, readonly sink: ResponseSink) {}

  start(): void {
    const acquired = this.gateway.acquire(this.sink);
    if (acquired instanceof Promise) void acquired.then((lane) => this.begin(lane));
    else this.begin(acquired);
  }

  /** Nothing more is to be expected. */
  get isOver(): boolean {
    return this.over;
  }

  /** The client is gone. */
  abort(): void {
    this.aborted = true;
    this.exchange?.abort();
  }

  get pump(): Pump {
    return this.lane!.pump;
  }

  get heads(): HeadMemory {
    return this.gateway.heads;
  }

  get timers(): Timers {
    return this.gateway.timers;
  }

  private begin(lane: Lane | null): void {
    if (lane === null) return this.fail(502, "Bad Gateway");
    this.lane = lane;
    if (this.aborted) {
      this.gateway.release(lane);
      return this.fail(499, "Client Closed Request");
    }
    const idle = this.plan.close ? null : this.gateway.takeIdle(lane);
    if (idle !== null) this.converse(idle, true);
    else this.connect(lane);
  }

  private connect(lane: Lane): void {
    const connection = this.gateway.connect(lane);
    if (connection !== null) return this.converse(connection, false);
    this.log("the guest does not listen");
    this.gateway.release(lane);
    this.fail(503, "Service Unavailable");
  }

  private converse(connection: HostConnection, reused: boolean): void {
    this.connection = connection;
    this.reused = reused;
    const exchange = this.exchange = new Exchange(connection, this);
    exchange.start();
    // After a stale connection the exchange is another one by now, with a timer of its own.
    if (this.exchange === exchange && !this.lane!.pump.isHeld) this.startTimer();
  }

  /** The guest has had its chance to answer at once: from now on it has a limited time. */
  startTimer(): void {
    const { timers, timeoutMs } = this.gateway, { exchange } = this;
    if (this.timer !== null || exchange === null || exchange.isAnswered || timeoutMs === Infinity) return;
    this.timer = timers.after(timeoutMs, () => exchange.timeOut());
  }

  onAnswer(): void {
    this.stopTimer();
  }

  onEnd({ reusable, answered }: ExchangeResult): void {
    this.stopTimer();
    if (answered) this.end();
    this.gateway.putBack(this.lane!, this.connection, reusable);
  }

  onStale(reason: string): void {
    const lane = this.lane!;
    if (this.reused && IDEMPOTENT.has(this.plan.method) && !lane.pump.isDead) return this.connect(lane);
    this.log(`no response from the guest: ${reason}`);
    this.fail(502, "Bad Gateway", !this.reused && !lane.pump.isDead);
  }

  log(line: string): void {
    this.gateway.report(this.sink, line);
  }

  private fail(status: number, text: string, unanswered = false): void {
    this.end();
    this.sink.fail({ status, text, unanswered });
  }

  private end(): void {
    this.over = true;
    this.onOver?.();
  }

  private stopTimer(): void {
    if (this.timer !== null) this.gateway.timers.clear(this.timer);
    this.timer = null;
  }
}
