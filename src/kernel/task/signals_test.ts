import { expect, test } from "vitest";
import type { FakeCpu, Step } from "../../machine/_fake.ts";
import { RBX, RDI, RDX, RSI, RSP, STATE_XMM, STOP_DIVIDE } from "../../machine/state.ts";
import { DATA, Harness } from "../_harness.ts";
import { EAGAIN, EINTR, EINVAL } from "../abi/errno.ts";
import * as sig from "../abi/signal.ts";
import * as sys from "../abi/syscall_numbers.ts";

const HANDLER = 0x600000, RESTORER = 0x601000, ACT = DATA + 0x100;

/** A program with a handler for `signal`; the handler's last step returns through the restorer. */
function withHandler(h: Harness, handler: readonly Step[]) {
  h.code.place(HANDLER, [...handler, (cpu) => cpu.ret()]);
  h.code.place(RESTORER, [(cpu) => cpu.syscall(sys.SYS_rt_sigreturn)]);
}

function install(signal: number, flags = 0, mask = 0): Step {
  return (cpu) => {
    cpu.write64(ACT, HANDLER);
    cpu.write64(ACT + 8, (flags | sig.SA_RESTORER) >>> 0);
    cpu.write64(ACT + 16, RESTORER);
    cpu.write64(ACT + 24, mask);
    cpu.syscall(sys.SYS_rt_sigaction, signal, ACT, 0, 8);
  };
}

const exit = (code = 0): Step => (cpu) => cpu.syscall(sys.SYS_exit_group, code);

test("a handler gets signal, siginfo and ucontext, and sigreturn puts everything back", () => {
  const h = new Harness();
  const seen: Record<string, unknown> = {};
  withHandler(h, [(cpu) => {
    const info = cpu.get(RSI), uc = cpu.get(RDX), rsp = cpu.get(RSP);
    seen.signal = cpu.get(RDI);
    seen.aligned = (rsp + 8) % 16;
    seen.code = cpu.read32(info + 8) | 0;
    seen.pid = cpu.read32(info + 16);
    seen.rbx = cpu.read64(uc + sig.UC_MCONTEXT + sig.SC_GPR[RBX]);
    const fp = cpu.read64(uc + sig.UC_MCONTEXT + sig.SC_FPSTATE);
    seen.fpAligned = fp % 64;
    seen.xmm0 = cpu.read32(fp + 160);
    seen.mxcsr = cpu.read32(fp + 24);
    cpu.memory.u8.fill(9, STATE_XMM, STATE_XMM + 16);
    cpu.set(RBX, 1);
  }]);
  h.start([
    install(sig.SIGUSR1),
    (cpu) => {
      cpu.set(RBX, 0x1234);
      cpu.memory.u8.fill(7, STATE_XMM, STATE_XMM + 16);
      cpu.syscall(sys.SYS_kill, 1, sig.SIGUSR1);
    },
    (cpu) => {
      seen.rax = cpu.rax;
      seen.rbxAfter = cpu.get(RBX);
      seen.xmmAfter = cpu.memory.u8[STATE_XMM];
      cpu.syscall(sys.SYS_exit_group, 0);
    },
  ]);
  expect(h.runToEnd()).toBe(0);
  expect(seen).toEqual({
    signal: sig.SIGUSR1,
    aligned: 0,
    code: sig.SI_USER,
    pid: 1,
    rbx: 0x1234,
    fpAligned: 0,
    xmm0: 0x07070707,
    mxcsr: 0x1f80,
    rax: 0,
    rbxAfter: 0x1234,
    xmmAfter: 7,
  });
});

test("what a handler changes in the ucontext holds after it returns", () => {
  const h = new Harness();
  withHandler(h, [(cpu) => cpu.write64(cpu.get(RDX) + sig.UC_MCONTEXT + sig.SC_RIP, 0x700000)]);
  h.code.place(0x700000, [exit(5)]);
  h.start([install(sig.SIGUSR1), (cpu) => cpu.syscall(sys.SYS_kill, 1, sig.SIGUSR1), exit(1)]);
  expect(h.runToEnd()).toBe(5 << 8);
});

test("default actions end the process with the signal in its status", () => {
  for (const [signal, status] of [[sig.SIGTERM, sig.SIGTERM], [sig.SIGABRT, sig.SIGABRT], [sig.SIGKILL, 9]]) {
    const h = new Harness();
    h.start([(cpu) => cpu.syscall(sys.SYS_kill, 1, signal), exit()]);
    expect(h.runToEnd()).toBe(status);
  }
});

test("ignored signals change nothing, SIGCHLD is ignored by default", () => {
  const h = new Harness();
  h.start([
    (cpu) => {
      cpu.write64(ACT, sig.SIG_IGN);
      cpu.syscall(sys.SYS_rt_sigaction, sig.SIGPIPE, ACT, 0, 8);
    },
    (cpu) => cpu.syscall(sys.SYS_kill, 1, sig.SIGPIPE),
    (cpu) => cpu.syscall(sys.SYS_kill, 1, sig.SIGCHLD),
    exit(),
  ]);
  expect(h.runToEnd()).toBe(0);
});

test("a blocked signal waits until it is unblocked, and counts once", () => {
  const h = new Harness();
  const log: string[] = [];
  withHandler(h, [() => void log.push("handler")]);
  const mask = (how: number): Step => (cpu) => {
    cpu.write64(DATA, 1 << (sig.SIGUSR1 - 1));
    cpu.syscall(sys.SYS_rt_sigprocmask, how, DATA, 0, 8);
  };
  h.start([
    install(sig.SIGUSR1),
    mask(sig.SIG_BLOCK),
    (cpu) => cpu.syscall(sys.SYS_kill, 1, sig.SIGUSR1),
    (cpu) => cpu.syscall(sys.SYS_kill, 1, sig.SIGUSR1),
    (cpu) => cpu.syscall(sys.SYS_rt_sigpending, DATA + 8, 8),
    (cpu) => {
      log.push(`pending ${cpu.read64(DATA + 8)}`);
      cpu.syscall(sys.SYS_getpid);
    },
    mask(sig.SIG_UNBLOCK),
    exit(),
  ]);
  h.runToEnd();
  expect(log).toEqual([`pending ${1 << (sig.SIGUSR1 - 1)}`, "handler"]);
});

test("real-time signals queue in order and carry values", () => {
  const h = new Harness();
  const values: number[] = [];
  withHandler(h, [(cpu) => void values.push(cpu.read32(cpu.get(RSI) + 24))]);
  const queue = (value: number): Step => (cpu) => {
    cpu.write32(DATA + 0x200 + 8, sig.SI_QUEUE);
    cpu.write32(DATA + 0x200 + 24, value);
    cpu.syscall(sys.SYS_rt_sigqueueinfo, 1, 40, DATA + 0x200);
  };
  const mask = (how: number): Step => (cpu) => {
    cpu.write64(DATA, 2 ** 39);
    cpu.syscall(sys.SYS_rt_sigprocmask, how, DATA, 0, 8);
  };
  h.start([install(40), mask(sig.SIG_BLOCK), queue(7), queue(8), mask(sig.SIG_UNBLOCK), exit()]);
  h.runToEnd();
  expect(values).toEqual([7, 8]);
});

/** Sleeps 10 s; SIGALRM comes after 1 s. */
function sleeper(h: Harness, flags: number, record: (cpu: FakeCpu) => void): void {
  withHandler(h, []);
  h.start([
    install(sig.SIGALRM, flags),
    (cpu) => cpu.syscall(sys.SYS_alarm, 1),
    (cpu) => {
      cpu.write64(DATA, 10);
      cpu.write64(DATA + 8, 0);
      cpu.syscall(sys.SYS_nanosleep, DATA, DATA + 16);
    },
    (cpu) => {
      record(cpu);
      cpu.syscall(sys.SYS_exit_group, 0);
    },
  ]);
  h.runToEnd();
}

test("nanosleep ends with EINTR and the rest, SA_RESTART or not", () => {
  for (const flags of [0, sig.SA_RESTART]) {
    const h = new Harness();
    let rax = 0, rest = 0;
    sleeper(h, flags, (cpu) => {
      rax = cpu.rax;
      rest = cpu.read64(DATA + 16) + cpu.read64(DATA + 24) / 1e9;
    });
    expect(rax).toBe(-EINTR);
    expect(rest).toBeCloseTo(9, 3);
  }
});

/** wait4 for a child that lives 5 s; SIGALRM after 1 s. */
function waiter(flags: number): { rax: number; handled: number } {
  const h = new Harness();
  const seen = { rax: 0, handled: 0 };
  withHandler(h, [() => void seen.handled++]);
  const CHILD = 0x700000;
  h.code.place(CHILD, [
    (cpu) => {
      cpu.write64(DATA, 5);
      cpu.write64(DATA + 8, 0);
      cpu.syscall(sys.SYS_nanosleep, DATA, 0);
    },
    exit(),
  ]);
  h.start([
    install(sig.SIGALRM, flags),
    (cpu) => cpu.syscall(sys.SYS_alarm, 1),
    (cpu) => cpu.syscall(sys.SYS_fork),
    (cpu) => {
      if (cpu.rax === 0) cpu.jump(CHILD);
      else cpu.syscall(sys.SYS_wait4, -1, 0, 0, 0);
    },
    (cpu) => {
      seen.rax = cpu.rax;
      cpu.syscall(sys.SYS_exit_group, 0);
    },
  ]);
  h.runToEnd();
  return seen;
}

test("SA_RESTART runs wait4 again after the handler, without it EINTR", () => {
  expect(waiter(sig.SA_RESTART)).toEqual({ rax: 2, handled: 1 });
  expect(waiter(0)).toEqual({ rax: -EINTR, handled: 1 });
});

test("sigsuspend lets a blocked signal in, returns EINTR and restores the mask", () => {
  const h = new Harness();
  let handled = 0, rax = 0, mask = 0;
  withHandler(h, [() => void handled++]);
  h.start([
    install(sig.SIGUSR1),
    (cpu) => {
      cpu.write64(DATA, 1 << (sig.SIGUSR1 - 1));
      cpu.syscall(sys.SYS_rt_sigprocmask, sig.SIG_BLOCK, DATA, 0, 8);
    },
    (cpu) => cpu.syscall(sys.SYS_kill, 1, sig.SIGUSR1),
    (cpu) => {
      cpu.write64(DATA, 0);
      cpu.syscall(sys.SYS_rt_sigsuspend, DATA, 8);
    },
    (cpu) => {
      rax = cpu.rax;
      cpu.syscall(sys.SYS_rt_sigprocmask, sig.SIG_BLOCK, 0, DATA, 8);
    },
    (cpu) => {
      mask = cpu.read64(DATA);
      cpu.syscall(sys.SYS_exit_group, 0);
    },
  ]);
  h.runToEnd();
  expect({ handled, rax, mask }).toEqual({ handled: 1, rax: -EINTR, mask: 1 << (sig.SIGUSR1 - 1) });
});

test("sigtimedwait takes a blocked signal, or times out", () => {
  const h = new Harness();
  const results: number[] = [];
  const wait: Step = (cpu) => {
    cpu.write64(DATA, 1 << (sig.SIGUSR1 - 1));
    cpu.write64(DATA + 16, 1);
    cpu.write64(DATA + 24, 0);
    cpu.syscall(sys.SYS_rt_sigtimedwait, DATA, 0, DATA + 16, 8);
  };
  h.start([
    (cpu) => {
      cpu.write64(DATA, 1 << (sig.SIGUSR1 - 1));
      cpu.syscall(sys.SYS_rt_sigprocmask, sig.SIG_BLOCK, DATA, 0, 8);
    },
    (cpu) => cpu.syscall(sys.SYS_kill, 1, sig.SIGUSR1),
    wait,
    (cpu) => {
      results.push(cpu.rax);
      cpu.jump(cpu.rip);
    },
    wait,
    (cpu) => {
      results.push(cpu.rax);
      cpu.syscall(sys.SYS_exit_group, 0);
    },
  ]);
  h.runToEnd();
  expect(results).toEqual([sig.SIGUSR1, -EAGAIN]);
});

test("a fault reaches its handler with si_addr, on the alternate stack", () => {
  const h = new Harness();
  const seen: number[] = [];
  const ALT = DATA + 0x1000;
  withHandler(h, [(cpu) => {
    seen.push(cpu.read32(cpu.get(RSI) + 8), cpu.read32(cpu.get(RSI) + 16));
    seen.push(cpu.get(RSP) > ALT && cpu.get(RSP) < ALT + 0x2000 ? 1 : 0);
    cpu.write64(cpu.get(RDX) + sig.UC_MCONTEXT + sig.SC_RIP, 0x700000);
  }]);
  h.code.place(0x700000, [exit(4)]);
  h.start([
    install(sig.SIGSEGV, sig.SA_ONSTACK | sig.SA_SIGINFO),
    (cpu) => {
      cpu.write64(DATA, ALT);
      cpu.write64(DATA + 8, 0);
      cpu.write64(DATA + 16, 0x2000);
      cpu.syscall(sys.SYS_sigaltstack, DATA, 0);
    },
    (cpu) => cpu.jump(0x123450),
  ]);
  expect(h.runToEnd()).toBe(4 << 8);
  expect(seen).toEqual([sig.SEGV_MAPERR, 0x123450, 1]);
});

test("a fault without a handler, or with its signal blocked, ends the process", () => {
  const h = new Harness();
  h.start([
    install(sig.SIGFPE),
    (cpu) => {
      cpu.write64(DATA, 1 << (sig.SIGFPE - 1));
      cpu.syscall(sys.SYS_rt_sigprocmask, sig.SIG_BLOCK, DATA, 0, 8);
    },
    () => STOP_DIVIDE,
  ]);
  expect(h.runToEnd()).toBe(sig.SIGFPE);
  expect(h.host.output(0)[0]).toMatch(/SIGFPE/);
});

test("sigaction refuses SIGKILL and bad sizes; flags it does not know read back as clear", () => {
  const h = new Harness();
  const results: number[] = [];
  const note = (cpu: FakeCpu) => void results.push(cpu.rax);
  h.start([
    install(sig.SIGKILL),
    note,
    (cpu) => cpu.syscall(sys.SYS_rt_sigaction, sig.SIGUSR1, 0, 0, 16),
    note,
    install(sig.SIGUSR2, 0x400),
    (cpu) => cpu.syscall(sys.SYS_rt_sigaction, sig.SIGUSR2, 0, DATA, 8),
    (cpu) => {
      results.push(cpu.read64(DATA + 8));
      cpu.syscall(sys.SYS_exit_group, 0);
    },
  ]);
  h.runToEnd();
  expect(results).toEqual([-EINVAL, -EINVAL, sig.SA_RESTORER]);
});
