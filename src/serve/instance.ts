import type { HostConnection } from "../kernel/net/host_connection.ts";
import type { RunOutcome } from "../kernel/task/run.ts";

export type { HostConnection, RunOutcome };

/** As much of a guest as serving needs. A Kernel fits, but for `alive`. */
export interface GuestInstance {
  /** Runs the guest until nothing can go on, the slice is over, or it has ended. Never called while it runs. */
  run(sliceNs: number): RunOutcome;
  /** Guest monotonic time at which run() has to be called even if nothing else happens, or Infinity. */
  nextDeadlineNs(): number;
  readonly clock: { monotonicNs(): number };
  readonly net: {
    hostConnect(to: number | "first", peer?: { ip: string; port?: number }): HostConnection | null;
  };
  /** False once the guest has ended. */
  readonly alive: boolean;
  /** Told when run() has something to do because of what the host brought. */
  onWake: (() => void) | null;
}

/** Where handlers get their guests. */
export interface InstanceSource {
  /**
   * Whether requests share an instance at the same time. If not, every acquire() gives an instance that nobody else uses
   * until it is released.
   */
  readonly shared: boolean;
  acquire(): GuestInstance | Promise<GuestInstance>;
  /** The request is over: an unshared instance goes back to be reset. Not called for shared ones. */
  release(instance: GuestInstance): void;
  /** The instance has ended or failed: nobody gets it again. */
  discard(instance: GuestInstance): void;
}

/** One instance for all requests, made anew after it has died. */
export function sharedInstance(create: () => GuestInstance | Promise<GuestInstance>): InstanceSource {
  let current: GuestInstance | Promise<GuestInstance> | null = null;
  return {
    shared: true,
    acquire() {
      if (current !== null && (current instanceof Promise || current.alive)) return current;
      const made = create();
      if (!(made instanceof Promise)) return current = made;
      return current = made.then((instance) => current = instance, (error) => {
        current = null;
        throw error;
      });
    },
    release() {},
    discard(instance) {
      if (current === instance) current = null;
    },
  };
}

/**
 * An instance for each request in flight. Released ones are reset and used again; at most `idle` are kept. Nothing made for
 * one request is awaited by another: Workers forbid that (their promises end with their request).
 */
export function pooledInstances(
  create: () => GuestInstance | Promise<GuestInstance>,
  /** Puts the instance back to its snapshot; false if it cannot be used again. */
  reset: (instance: GuestInstance) => boolean,
  idle = 8,
): InstanceSource {
  const free: GuestInstance[] = [];
  return {
    shared: false,
    acquire: () => free.pop() ?? create(),
    release(instance) {
      if (free.length < idle && reset(instance)) free.push(instance);
    },
    discard() {},
  };
}

/** A new instance for every request, with the state of the snapshot; what an ended one used goes to the next. */
export function freshInstances<I extends GuestInstance & { dispose(): void }>(create: () => I): InstanceSource {
  return {
    shared: false,
    acquire: create,
    release: (instance) => (instance as I).dispose(),
    discard() {},
  };
}
