import { AF_INET, SOCK_STREAM } from "../../src/kernel/abi/socket.ts";
import { EAGAIN } from "../../src/kernel/abi/errno.ts";
import type { Kernel } from "../../src/kernel/kernel.ts";
import { inet } from "../../src/kernel/net/address.ts";
import { Net } from "../../src/kernel/net/net.ts";
import { createSocket } from "../../src/kernel/net/provider.ts";
import { ReceiveInfo, type Socket } from "../../src/kernel/net/socket.ts";
import { Credentials } from "../../src/kernel/task/credentials.ts";
import type { Task } from "../../src/kernel/task/task.ts";
import type { GuestInstance, RunOutcome } from "../../src/serve/instance.ts";

/** What a scripted thread waits for: asked each time the guest runs. */
export type Wait = () => boolean;
/** A guest thread as a coroutine: yields what it waits for. */
export type Script = Generator<Wait, void, void>;

const info = new ReceiveInfo();

/**
 * A guest without machine code: threads are generators, the network is the real one. It stands in for a translated image
 * wherever only the way between a Request and a guest's socket is tested.
 */
export class ScriptedGuest implements GuestInstance {
  readonly net = new Net();
  readonly clock: { monotonicNs(): number };
  alive = true;
  onWake: (() => void) | null = null;
  /** Set by a script to make run() throw, as a bug of ours would. */
  bomb: Error | null = null;
  readonly k: Kernel;
  readonly t: Task;
  private readonly threads: { script: Script; wait: Wait | null }[] = [];
  private readonly sleepers: number[] = [];
  running = false;
  runs = 0;

  constructor(main: (guest: ScriptedGuest) => Script, now: () => number = () => performance.now()) {
    this.clock = { monotonicNs: () => now() * 1e6 };
    this.k = { net: this.net, clock: this.clock } as unknown as Kernel;
    this.t = { process: { pid: 1, credentials: new Credentials(0, 0), exiting: true } } as unknown as Task;
    this.spawn(main(this));
  }

  spawn(script: Script): void {
    this.threads.push({ script, wait: null });
  }

  run(sliceNs: number): RunOutcome {
    if (this.running) throw new Error("the guest is entered twice");
    this.running = true;
    this.runs++;
    const end = this.clock.monotonicNs() + sliceNs;
    try {
      for (let progress = true; progress;) {
        progress = false;
        for (const thread of [...this.threads]) {
          if (this.bomb !== null) throw this.bomb;
          if (!this.alive) return "exited";
          if (thread.wait !== null && !thread.wait()) continue;
          const step = thread.script.next();
          progress = true;
          if (step.done) this.threads.splice(this.threads.indexOf(thread), 1);
          else thread.wait = step.value;
        }
        if (!this.alive) return "exited";
        if (progress && this.clock.monotonicNs() >= end) return "busy";
      }
      return "idle";
    } finally {
      this.running = false;
    }
  }

  nextDeadlineNs(): number {
    return Math.min(Infinity, ...this.sleepers);
  }

  *sleep(ms: number): Script {
    const at = this.clock.monotonicNs() + ms * 1e6;
    this.sleepers.push(at);
    yield () => this.clock.monotonicNs() >= at;
    this.sleepers.splice(this.sleepers.indexOf(at), 1);
  }

  listen(port: number, backlog = 128): Socket {
    const socket = createSocket(this.k, this.t, AF_INET, SOCK_STREAM, 0) as Socket;
    socket.bind(this.k, this.t, inet("0.0.0.0", port));
    socket.listen(this.k, this.t, backlog);
    return socket;
  }

  *accept(listener: Socket): Generator<Wait, Socket, void> {
    for (;;) {
      const socket = listener.accept(this.k, this.t);
      if (typeof socket !== "number") return socket;
      yield () => listener.poll() !== 0;
    }
  }

  /** Bytes, an empty array at the end of the stream, or a negative errno. */
  *read(socket: Socket, size = 65536): Generator<Wait, Uint8Array | number, void> {
    const into = new Uint8Array(size);
    for (;;) {
      const n = socket.receive(this.k, this.t, into, 0, size, 0, info);
      if (n !== -EAGAIN) return n < 0 ? n : into.subarray(0, n);
      yield () => (socket.poll() & 0x2019) !== 0;
    }
  }

  /** 0, or the negative errno that stopped it. */
  *write(socket: Socket, data: string | Uint8Array): Generator<Wait, number, void> {
    const bytes = typeof data === "string" ? Uint8Array.from(data, (c) => c.charCodeAt(0)) : data;
    for (let done = 0; done < bytes.length;) {
      const n = socket.send(this.k, this.t, bytes, done, bytes.length - done, 0, null, null);
      if (n === -EAGAIN) yield () => (socket.poll() & 0x1c) !== 0;
      else if (n < 0) return n;
      else done += n;
    }
    return 0;
  }

  close(socket: Socket): void {
    socket.release(this.k);
  }
}
