import { expect, test } from "vitest";
import { RSP } from "../../machine/state.ts";
import type { Step } from "../../machine/_fake.ts";
import { DATA, Harness, makeElf } from "../_harness.ts";
import {
  CLONE_CHILD_CLEARTID,
  CLONE_FILES,
  CLONE_FS,
  CLONE_SETTLS,
  CLONE_SIGHAND,
  CLONE_THREAD,
  CLONE_VM,
} from "../abi/clone.ts";
import { ECHILD, ENOENT, ENOEXEC, ESRCH, ETIMEDOUT } from "../abi/errno.ts";
import { FUTEX_CMP_REQUEUE, FUTEX_WAIT, FUTEX_WAKE } from "../abi/futex.ts";
import { SIGCHLD, SIGCONT, SIGKILL, SIGSTOP } from "../abi/signal.ts";
import * as sys from "../abi/syscall_numbers.ts";
import { WCONTINUED, WNOHANG, WUNTRACED } from "../abi/wait.ts";

const CHILD = 0x700000;
const exit = (code = 0): Step => (cpu) => cpu.syscall(sys.SYS_exit_group, code);
const call = (number: number, ...args: number[]): Step => (cpu) => cpu.syscall(number, ...args);
/** After fork: the child goes on at CHILD. */
const childJumps: Step = (cpu) => void (cpu.rax === 0 && cpu.jump(CHILD));

test("fork copies memory, wait4 reports the child's exit code", () => {
  const h = new Harness();
  const seen: number[] = [];
  h.code.place(CHILD, [(cpu) => {
    seen.push(cpu.read32(DATA + 4));
    cpu.write32(DATA + 4, 99);
    cpu.syscall(sys.SYS_exit_group, 7);
  }]);
  h.start([
    (cpu) => {
      cpu.write32(DATA + 4, 42);
      cpu.syscall(sys.SYS_fork);
    },
    childJumps,
    call(sys.SYS_wait4, -1, DATA, 0, 0),
    (cpu) => {
      seen.push(cpu.rax, cpu.read32(DATA), cpu.read32(DATA + 4));
      cpu.syscall(sys.SYS_wait4, -1, DATA, 0, 0);
    },
    (cpu) => {
      seen.push(cpu.rax);
      cpu.syscall(sys.SYS_exit_group, 0);
    },
  ]);
  expect(h.runToEnd()).toBe(0);
  expect(seen).toEqual([42, 2, 7 << 8, 42, -ECHILD]);
  expect(h.kernel.processes.size).toBe(1);
});

test("vfork shares memory and suspends the parent until the child exits", () => {
  const h = new Harness();
  const order: string[] = [];
  h.code.place(CHILD, [
    (cpu) => {
      order.push("child");
      cpu.write32(DATA, 1);
      cpu.syscall(sys.SYS_sched_yield);
    },
    (cpu) => {
      order.push("child exits");
      cpu.syscall(sys.SYS_exit_group, 0);
    },
  ]);
  h.start([
    call(sys.SYS_vfork),
    childJumps,
    (cpu) => {
      order.push(`parent ${cpu.rax} ${cpu.read32(DATA)}`);
      cpu.syscall(sys.SYS_exit_group, 0);
    },
  ]);
  h.runToEnd();
  expect(order).toEqual(["child", "child exits", "parent 2 1"]);
});

test("vfork and execve: the child gets a memory of its own, the parent goes on in the old one", () => {
  const h = new Harness();
  h.files.set("/bin/other", { bytes: makeElf({ base: 0x800000 }) });
  h.code.place(0x801000, [exit(6)]);
  h.code.place(CHILD, [(cpu) => {
    cpu.writeText(DATA + 0x100, "/bin/other");
    cpu.write64(DATA + 0x200, DATA + 0x100);
    cpu.write64(DATA + 0x208, 0);
    cpu.syscall(sys.SYS_execve, DATA + 0x100, DATA + 0x200, 0);
  }]);
  let status = 0, name = "";
  h.start([
    call(sys.SYS_vfork),
    childJumps,
    (cpu) => {
      name = h.kernel.processes.get(2)!.exe;
      cpu.syscall(sys.SYS_wait4, 2, DATA, 0, 0);
    },
    (cpu) => {
      status = cpu.read32(DATA);
      cpu.syscall(sys.SYS_exit_group, 0);
    },
  ]);
  expect(h.runToEnd()).toBe(0);
  expect({ status, name }).toEqual({ status: 6 << 8, name: "/bin/other" });
});

test("execve that fails leaves the program as it was", () => {
  const h = new Harness();
  h.files.set("/bin/garbage", { bytes: new TextEncoder().encode("hello") });
  const results: number[] = [];
  const exec = (path: string): Step => (cpu) => {
    cpu.writeText(DATA + 0x100, path);
    cpu.syscall(sys.SYS_execve, DATA + 0x100, 0, 0);
  };
  const note: Step = (cpu) => void results.push(cpu.rax);
  h.start([exec("/bin/none"), note, exec("/bin/garbage"), note, exit()]);
  expect(h.runToEnd()).toBe(0);
  expect(results).toEqual([-ENOENT, -ENOEXEC]);
});

test("WNOHANG returns 0 while the child lives; a killed child reports its signal", () => {
  const h = new Harness();
  const seen: number[] = [];
  h.code.place(CHILD, [call(sys.SYS_pause)]);
  h.start([
    call(sys.SYS_fork),
    childJumps,
    call(sys.SYS_wait4, -1, DATA, WNOHANG, 0),
    (cpu) => {
      seen.push(cpu.rax);
      cpu.syscall(sys.SYS_kill, 2, SIGKILL);
    },
    call(sys.SYS_wait4, -1, DATA, 0, 0),
    (cpu) => {
      seen.push(cpu.rax, cpu.read32(DATA));
      cpu.syscall(sys.SYS_kill, 2, 0);
    },
    (cpu) => {
      seen.push(cpu.rax);
      cpu.syscall(sys.SYS_exit_group, 0);
    },
  ]);
  h.runToEnd();
  expect(seen).toEqual([0, 2, SIGKILL, -ESRCH]);
});

test("stop and continue are reported to a parent that asks", () => {
  const h = new Harness();
  const seen: number[] = [];
  h.code.place(CHILD, [call(sys.SYS_pause)]);
  h.start([
    call(sys.SYS_fork),
    childJumps,
    call(sys.SYS_kill, 2, SIGSTOP),
    call(sys.SYS_wait4, 2, DATA, WUNTRACED, 0),
    (cpu) => {
      seen.push(cpu.read32(DATA));
      cpu.syscall(sys.SYS_kill, 2, SIGCONT);
    },
    call(sys.SYS_wait4, 2, DATA, WCONTINUED, 0),
    (cpu) => {
      seen.push(cpu.read32(DATA));
      cpu.syscall(sys.SYS_exit_group, 0);
    },
  ]);
  h.runToEnd();
  expect(seen).toEqual([(SIGSTOP << 8) | 0x7f, 0xffff]);
});

const THREAD = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD;

test("a thread has its own stack, tls and tid; its end clears the word that join waits on", () => {
  const h = new Harness();
  const seen: Record<string, number> = {};
  const STACK = DATA + 0x2000;
  h.code.place(CHILD, [
    (cpu) => {
      seen.rsp = cpu.get(RSP);
      cpu.syscall(sys.SYS_gettid);
    },
    (cpu) => {
      seen.tid = cpu.rax;
      cpu.syscall(sys.SYS_getpid);
    },
    (cpu) => {
      seen.pid = cpu.rax;
      cpu.syscall(sys.SYS_arch_prctl, 0x1003, DATA + 0x40);
    },
    (cpu) => {
      seen.fs = cpu.read64(DATA + 0x40);
      cpu.syscall(sys.SYS_exit, 0);
    },
  ]);
  h.start([
    (cpu) => {
      cpu.write32(DATA, 1);
      const flags = THREAD | CLONE_CHILD_CLEARTID | CLONE_SETTLS;
      cpu.syscall(sys.SYS_clone, flags, STACK, 0, DATA, DATA + 0x80);
    },
    childJumps,
    call(sys.SYS_futex, DATA, FUTEX_WAIT, 1, 0, 0, 0),
    (cpu) => {
      seen.joined = cpu.rax;
      seen.word = cpu.read32(DATA);
      cpu.syscall(sys.SYS_exit_group, 0);
    },
  ]);
  expect(h.runToEnd()).toBe(0);
  expect(seen).toEqual({ rsp: STACK, tid: 2, pid: 1, fs: DATA + 0x80, joined: 0, word: 0 });
});

test("futex waits time out, wake counts, requeue moves", () => {
  const h = new Harness();
  const seen: (number | string)[] = [];
  // Three threads wait on DATA; one is woken, the others are moved to DATA + 4 and woken there.
  h.code.place(CHILD, [
    call(sys.SYS_futex, DATA, FUTEX_WAIT, 0, 0, 0, 0),
    (cpu) => {
      seen.push(`woken ${cpu.rax}`);
      cpu.syscall(sys.SYS_exit, 0);
    },
  ]);
  const spawn: Step = (cpu) => {
    cpu.write32(DATA, 0);
    cpu.syscall(sys.SYS_clone, THREAD, DATA + 0x2000, 0, 0, 0);
  };
  h.start([
    spawn,
    childJumps,
    spawn,
    childJumps,
    spawn,
    childJumps,
    call(sys.SYS_sched_yield),
    call(sys.SYS_futex, DATA, FUTEX_CMP_REQUEUE, 1, 10, DATA + 4, 0),
    (cpu) => {
      seen.push(cpu.rax);
      cpu.syscall(sys.SYS_sched_yield);
    },
    call(sys.SYS_futex, DATA + 4, FUTEX_WAKE, 10),
    (cpu) => {
      seen.push(cpu.rax);
      cpu.syscall(sys.SYS_sched_yield);
    },
    (cpu) => {
      cpu.write64(DATA + 16, 0);
      cpu.write64(DATA + 24, 5000);
      cpu.syscall(sys.SYS_futex, DATA, FUTEX_WAIT, 0, DATA + 16, 0, 0);
    },
    (cpu) => {
      seen.push(cpu.rax);
      cpu.syscall(sys.SYS_exit_group, 0);
    },
  ]);
  expect(h.runToEnd()).toBe(0);
  expect(seen).toEqual([3, "woken 0", 2, "woken 0", "woken 0", -ETIMEDOUT]);
});

test("a loop without system calls is preempted for another task", () => {
  const h = new Harness();
  h.code.place(CHILD, [(cpu) => {
    cpu.write32(DATA, 1);
    cpu.syscall(sys.SYS_exit, 0);
  }]);
  h.start([
    call(sys.SYS_clone, THREAD, DATA + 0x2000, 0, 0, 0),
    childJumps,
    (cpu) => void (cpu.read32(DATA) === 0 && cpu.spin()),
    exit(3),
  ]);
  expect(h.runToEnd()).toBe(3 << 8);
});

test("exit_group ends all threads, the first process ends all others", () => {
  const h = new Harness();
  h.code.place(CHILD, [call(sys.SYS_pause)]);
  h.start([
    call(sys.SYS_clone, THREAD, DATA + 0x2000, 0, 0, 0),
    childJumps,
    call(sys.SYS_fork),
    childJumps,
    call(sys.SYS_sched_yield),
    exit(9),
  ]);
  expect(h.runToEnd()).toBe(9 << 8);
  expect(h.kernel.tasks.size).toBe(0);
});

test("orphans go to the first process, which reaps them", () => {
  const h = new Harness();
  const seen: number[] = [];
  const GRANDCHILD = 0x710000;
  h.code.place(GRANDCHILD, [
    (cpu) => {
      cpu.write64(DATA, 1);
      cpu.write64(DATA + 8, 0);
      cpu.syscall(sys.SYS_nanosleep, DATA, 0);
    },
    call(sys.SYS_getppid),
    (cpu) => cpu.syscall(sys.SYS_exit_group, cpu.rax),
  ]);
  h.code.place(CHILD, [
    call(sys.SYS_fork),
    (cpu) => void (cpu.rax === 0 && cpu.jump(GRANDCHILD)),
    exit(0),
  ]);
  h.start([
    call(sys.SYS_fork),
    childJumps,
    call(sys.SYS_wait4, -1, 0, 0, 0),
    (cpu) => {
      seen.push(cpu.rax);
      cpu.syscall(sys.SYS_wait4, -1, DATA, 0, 0);
    },
    (cpu) => {
      seen.push(cpu.rax, cpu.read32(DATA));
      cpu.syscall(sys.SYS_exit_group, 0);
    },
  ]);
  h.runToEnd();
  expect(seen).toEqual([2, 3, 1 << 8]);
});

test("unknown system calls return ENOSYS and are counted", () => {
  const h = new Harness();
  const seen: number[] = [];
  h.start([call(600), (cpu) => void seen.push(cpu.rax), call(600), exit()]);
  h.runToEnd();
  expect(seen).toEqual([-38]);
  expect([...h.kernel.unimplemented]).toEqual([[600, 2]]);
});

test("setting SIGCHLD to be ignored leaves no zombies", () => {
  const h = new Harness();
  const seen: number[] = [];
  h.code.place(CHILD, [exit(1)]);
  h.start([
    (cpu) => {
      cpu.write64(DATA, 1);
      cpu.syscall(sys.SYS_rt_sigaction, SIGCHLD, DATA, 0, 8);
    },
    call(sys.SYS_fork),
    childJumps,
    call(sys.SYS_wait4, -1, 0, 0, 0),
    (cpu) => {
      seen.push(cpu.rax);
      cpu.syscall(sys.SYS_exit_group, 0);
    },
  ]);
  h.runToEnd();
  expect(seen).toEqual([-ECHILD]);
});
