/** The host's timers, injected so that tests control them. */
export interface Timers {
  /** Milliseconds of a clock that does not go back. */
  now(): number;
  /**
   * Calls back once, after at least `ms`; the result is for clear(). With `idle` nobody waits for it: it does not keep a process
   * alive that is about to end.
   */
  after(ms: number, callback: () => void, idle?: boolean): unknown;
  /** Calls back as soon as the host has looked at its other events; the result is for clear(). */
  soon(callback: () => void, idle?: boolean): unknown;
  clear(handle: unknown): void;
}

/** Longest delay that setTimeout takes. */
const DELAY_MAX = 0x7fffffff;

/** Timers of any host that has setTimeout. */
export const webTimers: Timers = {
  now: () => performance.now(),
  after: (ms, callback) => setTimeout(callback, Math.min(ms, DELAY_MAX)),
  soon: (callback) => setTimeout(callback, 0),
  clear: (handle) => clearTimeout(handle as ReturnType<typeof setTimeout>),
};
