import type { GuestInstance } from "./instance.ts";
import type { Timers } from "./timers.ts";
import { type SetMember, UnorderedSet } from "./unordered_set.ts";

/** Somebody who watches a connection to the guest. */
export interface PumpClient extends SetMember {
  /** The pump's: the connection has changed, and the client has yet to hear of it. */
  noted: boolean;
  /** The connection changed. Called when the guest does not run; may drive the pump. */
  onGuestChange(): void;
  /** The guest has ended; no call will follow. */
  onGuestDeath(reason: string): void;
}

/**
 * Runs one guest whenever there is something for it to do, and tells the watchers of its connections what it did.
 *
 * Whoever has done something (written, read, closed) calls drive(), which runs the guest at once, in the caller's own
 * turn. So a request needs no other request to make progress, as Workers demand. Calls from inside drive() are remembered,
 * never nested: the guest is not entered twice. A guest that goes on computing gives the host its turn after each slice.
 */
export class Pump {
  private running = false;
  private hasRun = false;
  private again = false;
  private changed: PumpClient[] = [];
  private readonly clients = new UnorderedSet<PumpClient>();
  private timer: unknown = null;
  /** Guest monotonic time at which the timer goes off, 0 for as soon as possible; and whether anybody waits for it. */
  private timerAtNs = 0;
  private timerIsIdle = false;
  private dead = false;
  private held = false;

  constructor(
    readonly instance: GuestInstance,
    private readonly timers: Timers,
    private readonly sliceMs: number,
    /** Whether the guest's own timers go off while no request is in flight. */
    private readonly keepsTime: boolean,
  ) {
    instance.onWake = () => this.drive();
  }

  get isDead(): boolean {
    return this.dead || !this.instance.alive;
  }

  add(client: PumpClient): void {
    this.clients.add(client);
  }

  /** A client that is gone hears nothing any more. */
  remove(client: PumpClient): void {
    this.clients.delete(client);
    if (this.clients.size === 0 && !this.keepsTime) this.cancelTimer();
  }

  /** A callback for HostConnection.onChange: takes a note, since the guest may be in the middle of a step. */
  noteFor(client: PumpClient): () => void {
    return () => {
      if (!client.noted) this.changed.push(client);
      client.noted = true;
      // A change that no guest made (the host wrote or closed) has no drive() above it that would see the note.
      if (this.running) this.again = true;
    };
  }

  /** Until letGo() the guest does not run, so that it gets several requests at once. */
  hold(): void {
    this.held = true;
  }

  letGo(): void {
    this.held = false;
    if (this.again) this.drive();
  }

  get isHeld(): boolean {
    return this.held;
  }

  /** Runs the guest as far as it goes now. */
  drive(): void {
    if (this.running || this.held) {
      this.again = true;
      return;
    }
    if (this.dead) return;
    this.running = this.hasRun = true;
    try {
      this.turn();
    } catch (error) {
      this.die(`the guest's machine failed: ${error instanceof Error ? error.message : error}`);
    } finally {
      this.running = false;
    }
  }

  /** Runs the guest if it has never run yet, or one of its timers is due. */
  catchUp(): void {
    if (!this.hasRun) return this.drive();
    const deadline = this.instance.nextDeadlineNs();
    if (deadline !== Infinity && deadline <= this.instance.clock.monotonicNs()) this.drive();
  }

  /** No more turns: the instance goes back to its source. */
  dispose(): void {
    this.dead = true;
    this.cancelTimer();
    this.clients.takeAll();
    this.changed.length = 0;
  }

  private turn(): void {
    const { timers, sliceMs } = this;
    let now = timers.now();
    const end = now + sliceMs;
    for (;;) {
      this.again = false;
      const outcome = this.instance.run(Math.max(end - now, 0.1) * 1e6);
      this.tellClients();
      if (this.dead) return;
      if (outcome === "exited" || !this.instance.alive) return this.die("the guest has ended");
      if (outcome === "busy") return this.armSoon();
      if (!this.again) return this.armDeadline();
      now = timers.now();
      if (now >= end) return this.armSoon();
    }
  }

  private tellClients(): void {
    while (this.changed.length > 0) {
      const { changed } = this;
      this.changed = [];
      for (const client of changed) {
        client.noted = false;
        if (this.clients.has(client)) client.onGuestChange();
      }
      // What the clients read or wrote may let the guest go on.
      this.again = true;
    }
  }

  private armSoon(): void {
    const idle = this.clients.size === 0;
    if (this.timer !== null && this.timerAtNs === 0 && this.timerIsIdle === idle) return;
    this.cancelTimer();
    this.timerAtNs = 0;
    this.timerIsIdle = idle;
    this.timer = this.timers.soon(this.resume, idle);
  }

  private armDeadline(): void {
    // The guest's own timers go on for ever.
    const idle = this.clients.size === 0;
    if (idle && !this.keepsTime) return this.cancelTimer();
    const deadline = this.instance.nextDeadlineNs();
    // One that goes off too early finds nothing to do and is set anew: cheaper than to set one after each request.
    if (this.timer !== null && this.timerAtNs <= deadline && this.timerIsIdle === idle) return;
    this.cancelTimer();
    if (deadline === Infinity) return;
    const ms = (deadline - this.instance.clock.monotonicNs()) / 1e6;
    this.timerAtNs = deadline;
    this.timerIsIdle = idle;
    this.timer = this.timers.after(Math.max(0, Math.ceil(ms)), this.resume, idle);
  }

  private readonly resume = () => {
    this.timer = null;
    this.drive();
  };

  private cancelTimer(): void {
    if (this.timer !== null) this.timers.clear(this.timer);
    this.timer = null;
  }

  private die(reason: string): void {
    this.dead = true;
    this.cancelTimer();
    const clients = this.clients.takeAll();
    this.changed.length = 0;
    for (const client of clients) client.onGuestDeath(reason);
  }
}
