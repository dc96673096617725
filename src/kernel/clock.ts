import type { Host } from "../host/host.ts";

/** What one reading advances the clock by at least: some hosts stop time while code runs, and guests divide by differences. */
const CREEP_NS = 50;
/** The same for the wall clock: milliseconds since 1970 as a double have a grain of 0.00025. */
const CREEP_MS = 0.0005;
const CATCH_UP_MS = 1000;

/**
 * The guest's clocks. Monotonic time never repeats and never goes back, over snapshots too: after a restore it goes on
 * from the saved reading, while the wall clock follows the host.
 */
export class Clock {
  static readonly savedFields: readonly string[] = ["lastNs", "bootNs", "lastRealtimeMs"];
  static readonly unsavedFields: readonly string[] = ["host", "offsetNs", "lastHostMs"];
  /** Last monotonic reading handed out. */
  lastNs: number;
  /** Monotonic reading at which the guest booted. */
  bootNs: number;
  /** Guest monotonic = host monotonic + offset. */
  private offsetNs = 0;
  /** Last wall clock reading handed out; 0: none was. */
  private lastRealtimeMs = 0;
  private lastHostMs = -1;
  private host: Host;

  constructor(host: Host) {
    this.host = host;
    this.lastNs = this.bootNs = Math.floor(host.monotonicNs());
  }

  /**
   * After a restore: continue from the saved reading on a new host. Gives by how much the wall clock has jumped, in
   * milliseconds: 0 if nobody has ever read it.
   */
  attach(host: Host): number {
    this.host = host;
    this.offsetNs = this.lastNs + CREEP_NS - Math.floor(host.monotonicNs());
    this.lastHostMs = -1;
    if (this.lastRealtimeMs === 0) return 0;
    const now = host.realtimeMs(), jump = now - this.lastRealtimeMs;
    // So that the next reading is the host's, wherever its clock stands.
    this.lastRealtimeMs = now - CREEP_MS;
    return jump;
  }

  /** CLOCK_MONOTONIC, whole nanoseconds; each reading is later than the one before. */
  monotonicNs(): number {
    const now = Math.floor(this.host.monotonicNs()) + this.offsetNs;
    this.lastNs = now > this.lastNs ? now : this.lastNs + CREEP_NS;
    return this.lastNs;
  }

  /** CLOCK_REALTIME in milliseconds with a fraction. Creeps like the monotonic clock. */
  realtimeMs(): number {
    const now = this.host.realtimeMs();
    const crept = this.lastRealtimeMs + CREEP_MS;
    const isStanding = now === this.lastHostMs;
    // A wall clock may be set back by its owner; one that only has to catch up with our creeping is not followed back.
    const isBehind = now < crept && crept - now < CATCH_UP_MS;
    this.lastHostMs = now;
    return this.lastRealtimeMs = isStanding || isBehind ? crept : now;
  }
}
