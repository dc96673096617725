import { expect, test } from "vitest";
import { EPOLL_CTL_ADD, EPOLLET, POLLIN } from "../abi/poll.ts";
import { BLOCKED } from "../wait_queue.ts";
import { TASK_RUNNABLE } from "../task/task.ts";
import { BUFFER, World } from "./_world.ts";

function pipe(w: World): [number, number] {
  expect(w.call("pipe2", BUFFER, 0o4000)).toBe(0);
  const v = w.viewAt(BUFFER);
  return [v.getInt32(0, true), v.getInt32(4, true)];
}

function event(events: number, data: number): Uint8Array {
  const bytes = new Uint8Array(12), v = new DataView(bytes.buffer);
  v.setUint32(0, events >>> 0, true);
  v.setUint32(4, data, true);
  return bytes;
}

test("a waiting task is woken by the file that becomes ready, and only looks at the ready list", () => {
  const w = new World();
  const ep = w.call("epoll_create1", 0);
  const pipes = Array.from({ length: 10 }, () => pipe(w));
  pipes.forEach(([r], i) => expect(w.call("epoll_ctl", ep, EPOLL_CTL_ADD, r, event(POLLIN, i))).toBe(0));
  expect(w.call("epoll_wait", ep, BUFFER, 8, -1)).toBe(BLOCKED);
  w.t.state = 1;
  const { restart } = w.t;
  w.call("write", pipes[7][1], "x", 1);
  expect(w.t.state).toBe(TASK_RUNNABLE);
  w.t.restart = restart;
  expect(w.again("epoll_wait", ep, BUFFER, 8, -1)).toBe(1);
  expect(w.viewAt(BUFFER).getUint32(4, true)).toBe(7);
});

test("a file that is closed leaves the set, and its number can be added again", () => {
  const w = new World();
  const ep = w.call("epoll_create1", 0);
  const [r, wr] = pipe(w);
  w.call("epoll_ctl", ep, EPOLL_CTL_ADD, r, event(POLLIN | EPOLLET, 1));
  w.call("write", wr, "x", 1);
  w.call("close", r);
  expect(w.call("epoll_wait", ep, BUFFER, 8, 0)).toBe(0);
  const [again] = pipe(w);
  expect(again).toBe(r);
  expect(w.call("epoll_ctl", ep, EPOLL_CTL_ADD, again, event(POLLIN, 2))).toBe(0);
});

test("a timeout ends the wait with no events", () => {
  const w = new World();
  const ep = w.call("epoll_create1", 0);
  expect(w.call("epoll_wait", ep, BUFFER, 8, 50)).toBe(BLOCKED);
  w.t.wokenByTimeout = true;
  w.t.leaveQueues();
  expect(w.again("epoll_wait", ep, BUFFER, 8, 50)).toBe(0);
});
