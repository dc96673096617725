import { expect, test } from "vitest";
import { FakeHost } from "../../host/fake.ts";
import { FakeMachine } from "../../machine/_fake.ts";
import { forgottenFields, saveGraph } from "../../snapshot/graph.ts";
import { restoreGraph } from "../../snapshot/saved_graph.ts";
import { kernelClasses } from "../../snapshot/kernel_classes.ts";
import { EPOLL_CTL_ADD, POLLIN } from "../abi/poll.ts";
import type { Kernel } from "../kernel.ts";
import { SYSCALLS } from "../syscalls/table.ts";
import { BUFFER, World } from "../vfs/_world.ts";
import { LineSink } from "./console.ts";

const IMAGE = { etc: { conf: "from the image", old: "old" }, bin: { tool: "tool" } };

/** Saves and restores the world's kernel; the world goes on with the copy. */
function reborn(w: World, host = new FakeHost()): World {
  w.k.vfs.forgetUnchanged();
  const bytes = saveGraph(w.k, kernelClasses());
  const k = restoreGraph(bytes, kernelClasses()) as Kernel;
  k.attach(host, SYSCALLS);
  k.vfs.attach(w.tree, new LineSink(host));
  const task = k.tasks.get(w.t.tid)!;
  const machine = new FakeMachine(undefined, w.t.memory.guestEnd);
  machine.memory.u8.set(w.t.memory.u8);
  machine.client = k;
  task.process.space.attachLater(machine.memory.guestEnd, () => machine);
  k.currentTask = task;
  return Object.assign(Object.create(World.prototype), { ...w, k, t: task, host }) as World;
}

function busy(): World {
  const w = new World(IMAGE);
  w.write("/etc/conf", " and more", 0o2001);
  w.write("/tmp/new", "made at run time");
  w.call("unlink", "/etc/old");
  w.open("/etc/conf"); // 3
  w.call("read", 3, BUFFER, 5);
  w.call("pipe2", BUFFER, 0o4000); // 4, 5
  w.call("write", 5, "in flight", 9);
  w.call("eventfd2", 7, 0); // 6
  w.call("epoll_create1", 0); // 7
  const event = new Uint8Array(12);
  event[0] = POLLIN;
  event[4] = 42;
  w.call("epoll_ctl", 7, EPOLL_CTL_ADD, 4, event);
  w.call("timerfd_create", 1, 0o4000); // 8
  w.call("inotify_init1", 0o4000); // 9
  w.call("inotify_add_watch", 9, "/tmp", 0xfff);
  w.open("/proc/self/status"); // 10
  w.open("/etc", 0o200000); // 11
  w.open("/bin/tool"); // 12
  w.call("memfd_create", "m", 0); // 13
  w.call("write", 13, "memory", 6);
  w.call("flock", 3, 2);
  return w;
}

test("no field of an open file is forgotten", () => {
  const w = busy();
  const unsaved = forgottenFields(w.k, kernelClasses());
  const ours = unsaved.filter((f) => !/^(Kernel|Clock|AddressSpace)\./.test(f));
  expect(ours).toEqual(["RootFileSystem.listings", "RootFileSystem.tree", "Vfs.arrivals", "Vfs.console", "Vfs.walker"]);
});

test("files, descriptions and what they hold survive a snapshot", () => {
  const w = reborn(busy());
  const text = (n: number) => new TextDecoder().decode(w.bytesAt(BUFFER, n));
  expect(w.read("/etc/conf")).toBe("from the image and more");
  expect(w.read("/tmp/new")).toBe("made at run time");
  expect(w.list("/etc")).toEqual(["conf"]);
  expect(w.call("read", 3, BUFFER, 100)).toBe(18);
  expect(text(4)).toBe("the ");
  expect(w.call("epoll_wait", 7, BUFFER, 4, 0)).toBe(1);
  expect(w.viewAt(BUFFER).getUint32(4, true)).toBe(42);
  expect(w.call("read", 4, BUFFER, 100)).toBe(9);
  expect(text(9)).toBe("in flight");
  expect(w.call("epoll_wait", 7, BUFFER, 4, 0)).toBe(0);
  w.call("write", 5, "again", 5);
  expect(w.call("epoll_wait", 7, BUFFER, 4, 0)).toBe(1);
  expect(w.call("read", 6, BUFFER, 8)).toBe(8);
  expect(w.viewAt(BUFFER).getUint32(0, true)).toBe(7);
  w.write("/tmp/other", "seen");
  expect(w.call("read", 9, BUFFER, 4096)).toBeGreaterThan(16);
  expect(w.call("read", 10, BUFFER, 4096)).toBeGreaterThan(100);
  expect(w.call("getdents64", 11, BUFFER, 4096)).toBeGreaterThan(0);
  expect(w.call("pread64", 12, BUFFER, 100, 0)).toBe(4);
  expect(w.call("pread64", 13, BUFFER, 100, 0)).toBe(6);
  expect(w.call("flock", w.open("/etc/conf"), 2 | 4)).toBe(-11);
});

test("times of open files without a name move with the wall clock, those of others stay", () => {
  const w = new World(IMAGE);
  w.write("/tmp/named", "x");
  const named = w.open("/tmp/named");
  w.write("/tmp/gone", "x");
  const gone = w.open("/tmp/gone"), again = w.call("dup", gone);
  w.call("unlink", "/tmp/gone");
  const memory = w.call("memfd_create", "m", 0), ends = w.open("/etc/conf");
  w.write("/etc/conf", "more", 0o2001);
  // struct stat: st_mtim at 88, st_ctim at 104.
  const times = (w: World, fd: number) => {
    expect(w.call("fstat", fd, BUFFER)).toBe(0);
    const v = w.viewAt(BUFFER);
    return [88, 104].map((at) => v.getUint32(at, true) + v.getUint32(at + 8, true) / 1e9);
  };
  const files = [named, ends, gone, again, memory];
  const before = files.map((fd) => times(w, fd)), wall = w.k.clock.realtimeMs();
  const host = new FakeHost(5e9, Date.UTC(2033, 6, 5, 4, 3, 2, 700));
  const after = reborn(w, host), jump = (host.realtimeMs() - wall) / 1000;
  files.forEach((fd, i) => {
    const moved = fd === named || fd === ends ? 0 : jump;
    times(after, fd).forEach((time, j) => expect(time - before[i][j]).toBeCloseTo(moved, 5));
  });
  expect(after.k.clock.realtimeMs()).toBe(host.realtimeMs());
});

test("a snapshot carries the changes, not the image", () => {
  const big = new Uint8Array(300_000).fill(7);
  const w = new World({ big, dir: Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`f${i}`, "x"])) });
  const before = saveGraph(w.k, kernelClasses()).length;
  w.read("/big");
  w.list("/dir");
  for (let i = 0; i < 500; i++) w.stat(`/dir/f${i}`);
  w.k.vfs.forgetUnchanged();
  expect(saveGraph(w.k, kernelClasses()).length - before).toBeLessThan(1000);
  const fd = w.open("/big", 2);
  w.call("pwrite64", fd, "x", 1, 100_000);
  expect(saveGraph(w.k, kernelClasses()).length - before).toBeLessThan(70_000);
});
