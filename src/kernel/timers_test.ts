import { expect, test } from "vitest";
import { FakeHost } from "../host/fake.ts";
import { Clock } from "./clock.ts";
import type { Kernel } from "./kernel.ts";
import { type Timer, Timers } from "./timers.ts";

const none = undefined as unknown as Kernel;

test("timers expire in the order of their deadlines, equal ones as they were armed", () => {
  const timers = new Timers(), log: string[] = [];
  const timer = (name: string, deadlineNs: number): Timer => ({ deadlineNs, expire: () => void log.push(name) });
  const late = timer("late", 30);
  for (const t of [timer("b", 20), timer("a", 10), timer("b2", 20), late, timer("never", 99)]) timers.arm(t);
  timers.disarm(late);
  expect(timers.nextDeadlineNs()).toBe(10);
  timers.expire(none, 40);
  expect(log).toEqual(["a", "b", "b2"]);
  expect(timers.nextDeadlineNs()).toBe(99);
});

test("a timer may arm itself again while it expires", () => {
  const timers = new Timers();
  let count = 0;
  const timer: Timer = {
    deadlineNs: 10,
    expire() {
      count++;
      this.deadlineNs += 10;
      timers.arm(this);
    },
  };
  timers.arm(timer);
  timers.expire(none, 35);
  expect(count).toBe(3);
  expect(timers.nextDeadlineNs()).toBe(40);
});

test("a clock creeps while its host's stands still, and goes on after a restore", () => {
  const host = new FakeHost(1000);
  const clock = new Clock(host);
  const a = clock.monotonicNs(), b = clock.monotonicNs();
  expect(b).toBeGreaterThan(a);
  const r = clock.realtimeMs();
  expect(clock.realtimeMs()).toBeGreaterThan(r);
  host.advanceNs(500);
  expect(clock.monotonicNs()).toBe(1500);
  clock.attach(new FakeHost(3));
  expect(clock.monotonicNs()).toBeGreaterThan(1500);
});
