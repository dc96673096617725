import type { GuestInstance } from "./instance.ts";
import type { Timers } from "./timers.ts";

/** Somebody who watches a connection to the guest. */
export interface PumpClient {
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
  private again = false;
  private changed: PumpClient[] = [];
  private readonly clients = new Set<PumpClient>();
  private timer: unknown = null;
  private dead = false;

  constructor(
    readonly instance: GuestInstance,
    private readonly timers: Timers,
    private readonly sliceMs: number,
    /** Whether the guest's own timers go off while no request is in flight. */
    private readonly keepsTime: boolean,
  ) {}

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
      if (!this.changed.includes(client)) this.changed.push(client);
      // A change that no guest made (the host wrote or closed) has no drive() above it that would see the note.
      if (this.running) this.again = true;
    };
  }

  /** Runs the guest as far as it goes now. */
  drive(): void {
    if (this.running) {
      this.again = true;
      return;
    }
    if (this.dead) return;
    this.running = true;
    this.cancelTimer();
    try {
      this.turn();
    } catch (error) {
      this.die(`the guest's machine failed: ${error instanceof Error ? error.message : error}`);
    } finally {
      this.running = false;
    }
  }

  /** No more turns: the instance goes back to its source. */
  dispose(): void {
    this.dead = true;
    this.cancelTimer();
    this.clients.clear();
    this.changed.length = 0;
  }

  private turn(): void {
    const end = this.timers.now() + this.sliceMs;
    for (;;) {
      this.again = false;
      const left = Math.max(end - this.timers.now(), 0.1);
      const outcome = this.instance.run(left * 1e6);
      this.tellClients();
      if (this.dead) return;
      if (outcome === "exited" || !this.instance.alive) return this.die("the guest has ended");
      if (outcome === "busy" || (this.again && this.timers.now() >= end)) {
        this.timer = this.timers.soon(this.resume, this.clients.size === 0);
        return;
      }
      if (!this.again) return this.armDeadline();
    }
  }

  private tellClients(): void {
    while (this.changed.length > 0) {
      const changed = this.changed;
      this.changed = [];
      for (const client of changed) {
        if (this.clients.has(client)) client.onGuestChange();
      }
      // What the clients read or wrote may let the guest go on.
      this.again = true;
    }
  }

  private armDeadline(): void {
    if (this.clients.size === 0 && !this.keepsTime) return;
    const deadline = this.instance.nextDeadlineNs();
    if (deadline === Infinity) return;
    const ms = (deadline - this.instance.clock.monotonicNs()) / 1e6;
    // The guest's own timers go on for ever.
    this.timer = this.timers.after(Math.max(0, Math.ceil(ms)), this.resume, this.clients.size === 0);
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
    const clients = [...this.clients];
    this.clients.clear();
    this.changed.length = 0;
    for (const client of clients) client.onGuestDeath(reason);
  }
}
