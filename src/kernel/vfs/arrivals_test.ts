import { beforeEach, describe, expect, it } from "vitest";
import type { InodeNumber, Tree } from "../../rootfs/tree.ts";
import { EIO } from "../abi/errno.ts";
import { O_PATH, O_RDWR, O_TRUNC } from "../abi/fcntl.ts";
import { SI_KERNEL, SIGKILL, SIGTERM } from "../abi/signal.ts";
import { SYS_open } from "../abi/syscall_numbers.ts";
import { sleepsThrough } from "../syscalls/interrupt.ts";
import { makeSignal } from "../task/signal.ts";
import { sendToProcess } from "../task/signals.ts";
import { TASK_BLOCKED, TASK_RUNNABLE } from "../task/task.ts";
import { BLOCKED } from "../wait_queue.ts";
import { BUFFER, World } from "./_world.ts";

/** The contents of a world's image are on their way. */
class FarWorld extends World {
  readonly asked: { number: InodeNumber; done: (problem: string | null) => void }[] = [];
  readonly here = new Set<InodeNumber>();
  woken = 0;

  constructor() {
    super({ etc: { conf: "from far away", other: "the other one" }, bin: { tool: "#!/bin/none\n" } });
    const { tree } = this,
      methods: Pick<Tree, "bring"> = {
        bring: (number, done) => {
          if (!this.here.has(number)) this.asked.push({ number, done });
          return this.here.has(number);
        },
      };
    Object.assign(tree, methods);
    this.k.onWake = () => this.woken++;
  }

  /** The host has brought what was asked for, or has failed to. */
  arrive(problem: string | null = null): void {
    for (const { number, done } of this.asked.splice(0)) {
      if (problem === null) this.here.add(number);
      done(problem);
    }
  }
}

let w: FarWorld;
beforeEach(() => void (w = new FarWorld()));

describe("a file that the host has yet to bring", () => {
  it("is waited for by whoever opens it", () => {
    expect(w.open("/etc/conf")).toBe(BLOCKED);
    expect([w.t.state, w.asked.length, w.woken]).toEqual([TASK_BLOCKED, 1, 0]);
    w.arrive();
    expect([w.t.state, w.woken]).toEqual([TASK_RUNNABLE, 1]);
    const fd = w.again("open", "/etc/conf", 0, 0);
    expect(fd).toBe(3);
    expect(w.call("read", fd, BUFFER, 100)).toBe(13);
    expect(new TextDecoder().decode(w.bytesAt(BUFFER, 13))).toBe("from far away");
    expect(w.read("/etc/conf")).toBe("from far away");
  });

  it("is asked for once, however many wait", () => {
    expect(w.open("/etc/conf")).toBe(BLOCKED);
    const other = w.k.currentTask = w.addProcess();
    expect(Object.assign(Object.create(w), { t: other }).open("/etc/conf")).toBe(BLOCKED);
    expect(w.asked.length).toBe(1);
    w.arrive();
    expect([w.t.state, other.state]).toEqual([TASK_RUNNABLE, TASK_RUNNABLE]);
  });

  it("wakes who waits for another one, to wait on", () => {
    expect(w.open("/etc/conf")).toBe(BLOCKED);
    const [first] = w.asked.splice(0);
    w.k.vfs.arrivals.queue.wake();
    expect(w.again("open", "/etc/conf", 0, 0)).toBe(BLOCKED);
    expect(w.asked).toEqual([]);
    w.here.add(first.number);
    first.done(null);
    expect(w.again("open", "/etc/conf", 0, 0)).toBe(3);
  });

  it("is asked for again when it has not come for long", () => {
    expect(w.open("/etc/conf")).toBe(BLOCKED);
    const [lost] = w.asked.splice(0), deadline = w.t.deadlineNs;
    expect(deadline).toBeLessThan(Infinity);
    w.t.wake();
    expect([w.again("open", "/etc/conf", 0, 0), w.asked.length]).toEqual([BLOCKED, 0]);
    w.host.advanceNs(deadline - w.k.clock.monotonicNs());
    w.t.wake();
    expect([w.again("open", "/etc/conf", 0, 0), w.asked.length]).toEqual([BLOCKED, 1]);
    w.arrive();
    expect(w.again("open", "/etc/conf", 0, 0)).toBe(3);
    // The first one comes after all.
    lost.done("too late");
    expect(w.open("/etc/conf")).toBe(4);
  });

  it("cannot be opened when it could not be brought, and is asked for by the next", () => {
    expect(w.open("/etc/conf")).toBe(BLOCKED);
    w.arrive("the host is away");
    expect(w.host.output(0)).toContain("a file of the image could not be read: the host is away");
    expect(w.again("open", "/etc/conf", 0, 0)).toBe(-EIO);
    expect(w.open("/etc/conf")).toBe(BLOCKED);
    w.arrive();
    expect(w.again("open", "/etc/conf", 0, 0)).toBe(3);
  });

  it("is not asked for by what does not need its contents", () => {
    expect(w.call("stat", "/etc/conf", BUFFER)).toBe(0);
    expect(w.open("/etc/conf", O_PATH)).toBe(3);
    expect(w.call("truncate", "/etc/other", 3)).toBe(0);
    expect(w.open("/etc/conf", O_RDWR | O_TRUNC)).toBe(4);
    expect(w.open("/etc/conf", O_RDWR)).toBe(5);
    expect(w.asked).toEqual([]);
    // Three bytes of it show.
    expect(w.open("/etc/other")).toBe(BLOCKED);
  });

  it("is waited for by who runs it", () => {
    w.here.add(0);
    expect(w.call("chmod", "/bin/tool", 0o755)).toBe(0);
    expect(w.call("execve", "/bin/tool", 0, 0)).toBe(BLOCKED);
    expect(w.asked.length).toBe(1);
  });

  it("is slept for through all signals but SIGKILL", () => {
    expect(sleepsThrough(w.k, w.t, SYS_open)).toBe(false);
    w.open("/etc/conf");
    const tryAgainAfter = (signal: number) => {
      sendToProcess(w.t.process, makeSignal(signal, SI_KERNEL));
      expect(w.again("open", "/etc/conf", 0, 0)).toBe(BLOCKED);
      return sleepsThrough(w.k, w.t, SYS_open);
    };
    expect(tryAgainAfter(SIGTERM)).toBe(true);
    expect(tryAgainAfter(SIGKILL)).toBe(false);
  });
});

it("files that are open are known, those that show nothing of the image are not", () => {
  const near = new World({ etc: { conf: "open", cut: "cut", closed: "closed" } });
  near.open("/etc/conf");
  near.open("/etc/cut", O_RDWR | O_TRUNC);
  near.read("/etc/closed");
  const { ino } = near.k.vfs.walker.dentry!.inode;
  expect(near.k.vfs.rootfs.openFiles()).not.toContain(ino);
  expect(near.k.vfs.rootfs.openFiles().length).toBe(1);
});
