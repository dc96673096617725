import { expect, test } from "vitest";
import type { MappedRange } from "../../machine/machine.ts";
import { GUEST_BIAS } from "../../machine/state.ts";
import type { Step } from "../../machine/_fake.ts";
import { BytesFile, DATA, Harness } from "../_harness.ts";
import { EACCES, EBADF, EEXIST, EFAULT, EINVAL, ENOMEM } from "../abi/errno.ts";
import { O_RDONLY } from "../abi/fcntl.ts";
import * as mman from "../abi/mman.ts";
import * as sys from "../abi/syscall_numbers.ts";
import { unnamedFile } from "../fs/unnamed_file.ts";
import { GROWTH_SHARE, LOWEST_MAPPING, MOST_GROWTH_BYTES, RESERVATION_GAP } from "./layout.ts";

const RW = mman.PROT_READ | mman.PROT_WRITE, ANON = mman.MAP_PRIVATE | mman.MAP_ANONYMOUS;
const K = 1024, M = 1024 * K;

/** Runs calls one after the other; each gets the results so far. */
function calls(h: Harness, makers: ((r: number[]) => number[])[], prepare?: (h: Harness) => void): number[] {
  const results: number[] = [];
  const steps: Step[] = makers.map((make, i) => (cpu) => {
    if (i > 0) results.push(cpu.rax);
    const [number, ...args] = make(results);
    cpu.syscall(number, ...args);
  });
  h.start([...steps, (cpu) => {
    results.push(cpu.rax);
    cpu.syscall(sys.SYS_exit_group, 0);
  }]);
  prepare?.(h);
  // The memory is looked at before the process lets go of it.
  h.kernel.run();
  return results;
}

const mmap = (length: number, prot = RW, flags = ANON, address = 0, fd = -1, offset = 0) => () => [
  sys.SYS_mmap,
  address,
  length,
  prot,
  flags,
  fd,
  offset,
];

test("mmap packs anonymous memory densely after the stack and reuses holes", () => {
  const h = new Harness();
  const [a, b, un, c] = calls(h, [
    mmap(64 * K),
    mmap(64 * K),
    (r) => [sys.SYS_munmap, r[0], 64 * K],
    mmap(32 * K),
  ]);
  expect(b).toBe(a + 64 * K);
  expect([un, c]).toEqual([0, a]);
});

test("holes inside the memory that exists are used before memory grows", () => {
  const h = new Harness();
  const before: number[] = [];
  const [a, b] = calls(h, [mmap(3 * M), mmap(3 * M)], (h) => before.push(h.process.space.usedBytes + GUEST_BIAS));
  expect(a).toBe(LOWEST_MAPPING);
  expect(b).toBe(before[0]);
});

test("memory grows by more than what is mapped, so that it seldom does", () => {
  const h = new Harness(), sizes = new Set<number>();
  const step = () => (sizes.add(h.process.machine.memory.guestEnd), mmap(128 * K)());
  calls(h, Array.from({ length: 100 }, () => step));
  expect(sizes.size).toBeLessThan(20);
});

test("memory that is unmapped reads as zero when it is mapped again", () => {
  const h = new Harness();
  let byte = -1;
  const results: number[] = [];
  h.start([
    (cpu) => cpu.syscall(...mmap(8192)() as [number, ...number[]]),
    (cpu) => {
      results.push(cpu.rax);
      cpu.write32(cpu.rax, 0xffffffff);
      cpu.syscall(sys.SYS_munmap, cpu.rax, 8192);
    },
    (cpu) => cpu.syscall(...mmap(8192)() as [number, ...number[]]),
    (cpu) => {
      byte = cpu.read32(cpu.rax);
      results.push(cpu.rax);
      cpu.syscall(sys.SYS_exit_group, 0);
    },
  ]);
  h.kernel.run();
  expect(results[1]).toBe(results[0]);
  expect(byte).toBe(0);
});

test("a large PROT_NONE reservation costs no memory until part of it is opened", () => {
  const h = new Harness();
  const sizes: number[] = [];
  const size = () => sizes.push(h.process.machine.memory.guestEnd);
  calls(h, [
    () => (size(), mmap(64 * M, mman.PROT_NONE, ANON | mman.MAP_NORESERVE)()),
    (r) => (size(), [sys.SYS_mprotect, r[0], 132 * K, RW]),
    (r) => (size(), [sys.SYS_mmap, r[0] + M, 4096, RW, ANON | mman.MAP_FIXED, -1, 0]),
  ]);
  expect(sizes[1]).toBe(sizes[0]);
  expect(sizes[2]).toBeLessThan((sizes[0] + 18 * M) * (1 + GROWTH_SHARE));
});

test("what was opened of a reservation is not forgotten when it is closed", () => {
  const h = new Harness();
  const words: number[] = [], copied: MappedRange[] = [];
  let at = 0;
  h.start([
    (cpu) => cpu.syscall(...mmap(8 * M, mman.PROT_NONE)() as [number, ...number[]]),
    (cpu) => {
      at = cpu.rax;
      cpu.syscall(sys.SYS_mprotect, at + 2 * M, 2 * M, RW);
    },
    (cpu) => {
      cpu.write32(at + 3 * M, 0xffffffff);
      cpu.syscall(sys.SYS_mprotect, at + 2 * M, 2 * M, mman.PROT_NONE);
    },
    (cpu) => {
      const { space, machine } = h.process;
      const fork = machine.fork.bind(machine);
      machine.fork = (mapped) => (copied.push(...mapped), fork(mapped));
      space.fork(h.kernel);
      cpu.syscall(sys.SYS_munmap, at, 8 * M);
    },
    (cpu) => cpu.syscall(sys.SYS_mmap, at, 8 * M, RW, ANON | mman.MAP_FIXED, -1, 0),
    (cpu) => {
      words.push(cpu.read32(at), cpu.read32(at + 3 * M));
      cpu.syscall(sys.SYS_exit_group, 0);
    },
  ]);
  h.kernel.run();
  expect(words).toEqual([0, 0]);
  const part = copied.filter((r) => r.start < at + 8 * M && at < r.end).map(({ start, end }) => [start - at, end - at]);
  expect(part).toEqual([[2 * M, 4 * M]]);
});

test("reservations stand apart from what is mapped, not from what memory grew beyond that", () => {
  const h = new Harness(), sizes: number[] = [], threads = 10, stack = 8 * M;
  const size = () => sizes.push(h.process.machine.memory.guestEnd);
  // As C libraries make the stacks of threads: reserved, then opened but for a guard page.
  const open = (r: number[]) => [sys.SYS_mprotect, r.at(-1)! + 4 * K, stack - 4 * K, RW];
  const threadStack = [mmap(stack, mman.PROT_NONE, ANON | mman.MAP_STACK | mman.MAP_NORESERVE), open];
  const results = calls(h, [
    () => (size(), mmap(stack)()),
    ...Array.from({ length: threads }, () => threadStack).flat(),
    () => (size(), mmap(4 * K)()),
  ]);
  expect(results.filter((r) => r < 0)).toEqual([]);
  expect(sizes[1] - sizes[0]).toBeLessThan((threads + 2) * (stack + RESERVATION_GAP + M) + MOST_GROWTH_BYTES);
});

test("brk grows and shrinks the heap within its room", () => {
  const h = new Harness();
  const [start, same, grown, shrunk, refused] = calls(h, [
    () => [sys.SYS_brk, 0],
    (r) => [sys.SYS_brk, r[0] - 1],
    (r) => [sys.SYS_brk, r[0] + 100000],
    (r) => [sys.SYS_brk, r[0] + 10],
    (r) => [sys.SYS_brk, r[0] + 64 * M],
  ]);
  expect(same).toBe(start);
  expect(grown).toBe(start + 100000);
  expect(shrunk).toBe(start + 10);
  expect(refused).toBe(start + 10);
});

test("MAP_FIXED replaces, MAP_FIXED_NOREPLACE does not", () => {
  const h = new Harness();
  const r = calls(h, [
    mmap(64 * K),
    (r) => [sys.SYS_mmap, r[0] + 4096, 4096, mman.PROT_READ, ANON | mman.MAP_FIXED, -1, 0],
    (r) => [sys.SYS_mmap, r[0] + 8192, 4096, RW, ANON | mman.MAP_FIXED_NOREPLACE, -1, 0],
    (r) => [sys.SYS_mmap, r[0] + 1, 4096, RW, ANON | mman.MAP_FIXED, -1, 0],
  ]);
  expect(r.slice(1)).toEqual([r[0] + 4096, -EEXIST, -EINVAL]);
});

test("bad arguments are told apart as mmap(2) says", () => {
  const h = new Harness();
  expect(calls(h, [
    mmap(0),
    mmap(4096, RW, mman.MAP_ANONYMOUS),
    mmap(4096, RW, mman.MAP_PRIVATE, 0, 77),
    mmap(4096, RW, mman.MAP_PRIVATE, 0, 77, 5),
    mmap(2 ** 40),
    () => [sys.SYS_munmap, 0x400001, 4096],
    () => [sys.SYS_munmap, 0x3000000, 0],
    () => [sys.SYS_mprotect, 0x70000000, 4096, 1],
  ])).toEqual([-EINVAL, -EINVAL, -EBADF, -EINVAL, -ENOMEM, -EINVAL, -EINVAL, -ENOMEM]);
});

test("much memory that is unmapped or not needed reads as zero, its neighbours stay", () => {
  const h = new Harness();
  const used = [0, 4095, 64 * K, 300 * K + 7, 700 * K - 1, 700 * K, M - 1];
  let at = 0;
  const seen: number[][] = [];
  const look = (cpu: { memory: { u8: Uint8Array } }) => void seen.push(used.map((n) => cpu.memory.u8[at - 65536 + n]));
  h.start([
    (cpu) => cpu.syscall(...mmap(M)() as [number, ...number[]]),
    (cpu) => {
      at = cpu.rax;
      for (const n of used) cpu.memory.u8[at - 65536 + n] = 1;
      cpu.syscall(sys.SYS_madvise, at + 4 * K, 696 * K, mman.MADV_DONTNEED);
    },
    (cpu) => {
      look(cpu);
      cpu.syscall(sys.SYS_munmap, at + 700 * K, 324 * K - 4 * K);
    },
    (cpu) => cpu.syscall(...mmap(320 * K)() as [number, ...number[]]),
    (cpu) => {
      expect(cpu.rax).toBe(at + 700 * K);
      look(cpu);
      cpu.syscall(sys.SYS_exit_group, 0);
    },
  ]);
  h.kernel.run();
  expect(seen).toEqual([[1, 1, 0, 0, 0, 1, 1], [1, 1, 0, 0, 0, 0, 1]]);
});

test("a file is mapped privately with zeroes after its end, DONTNEED brings its bytes back", () => {
  const h = new Harness();
  const file = new BytesFile(new Uint8Array(5000).fill(0x41), "/etc/file");
  const seen: number[] = [];
  h.start([
    (cpu) => cpu.syscall(sys.SYS_mmap, 0, 12288, RW, mman.MAP_PRIVATE, 0, 0),
    (cpu) => {
      const at = cpu.rax;
      seen.push(cpu.read32(at), cpu.read32(at + 5000));
      cpu.write32(at, 1);
      cpu.write64(DATA, at);
      cpu.syscall(sys.SYS_madvise, at, 12288, mman.MADV_DONTNEED);
    },
    (cpu) => {
      seen.push(cpu.rax, cpu.read32(cpu.read64(DATA)));
      cpu.syscall(sys.SYS_munmap, cpu.read64(DATA), 4096);
    },
    (cpu) => {
      seen.push(file.refs);
      cpu.syscall(sys.SYS_munmap, cpu.read64(DATA) + 4096, 8192);
    },
    (cpu) => {
      seen.push(file.refs);
      cpu.syscall(sys.SYS_exit_group, 0);
    },
  ]);
  h.process.fds.install(file, false);
  h.kernel.run();
  expect(seen).toEqual([0x41414141, 0, 0, 0x41414141, 2, 1]);
});

test("a shared, writable file mapping reaches the file at msync; a read-only file cannot have one", () => {
  const h = new Harness();
  const seen: number[] = [];
  h.start([
    (cpu) => cpu.syscall(sys.SYS_mmap, 0, 4096, RW, mman.MAP_SHARED, 1, 0),
    (cpu) => {
      seen.push(cpu.rax);
      cpu.syscall(sys.SYS_mmap, 0, 4096, RW, mman.MAP_SHARED, 0, 0);
    },
    (cpu) => {
      cpu.write32(cpu.rax, 0x55555555);
      cpu.syscall(sys.SYS_msync, cpu.rax, 4096, mman.MS_SYNC);
    },
    (cpu) => {
      const bytes = new Uint8Array(1);
      file.inode.contents.read(bytes, 0, 1, 0);
      seen.push(bytes[0]);
      cpu.syscall(sys.SYS_exit_group, 0);
    },
  ]);
  const task = h.process.tasks[0];
  const file = unnamedFile(h.kernel, task, "/data", 0o644), readOnly = unnamedFile(h.kernel, task, "/ro", 0o644);
  file.inode.contents.size = 4096;
  readOnly.statusFlags = O_RDONLY;
  h.process.fds.install(file, false);
  h.process.fds.install(readOnly, false);
  h.kernel.run();
  expect(seen).toEqual([-EACCES, 0x55]);
});

test("mremap grows in place when it can, moves with MAYMOVE, keeps the bytes", () => {
  const h = new Harness();
  const seen: number[] = [];
  let a = 0;
  h.start([
    (cpu) => cpu.syscall(sys.SYS_mmap, 0, 8192, RW, ANON, -1, 0),
    (cpu) => {
      a = cpu.rax;
      cpu.write32(a + 4096, 77);
      cpu.syscall(sys.SYS_mremap, a, 8192, 16384, 0);
    },
    (cpu) => {
      seen.push(cpu.rax - a);
      cpu.syscall(sys.SYS_mmap, a + 16384, 4096, RW, ANON | mman.MAP_FIXED, -1, 0);
    },
    (cpu) => cpu.syscall(sys.SYS_mprotect, cpu.rax, 4096, mman.PROT_READ),
    (cpu) => cpu.syscall(sys.SYS_mremap, a, 16384, 32768, 0),
    (cpu) => {
      seen.push(cpu.rax);
      cpu.syscall(sys.SYS_mremap, a, 16384, 32768, mman.MREMAP_MAYMOVE);
    },
    (cpu) => {
      seen.push(cpu.rax === a ? 0 : 1, cpu.read32(cpu.rax + 4096), cpu.read32(a + 4096));
      cpu.syscall(sys.SYS_mremap, a, 4096, 8192, mman.MREMAP_MAYMOVE);
    },
    (cpu) => {
      seen.push(cpu.rax);
      cpu.syscall(sys.SYS_exit_group, 0);
    },
  ]);
  h.kernel.run();
  expect(seen).toEqual([0, -ENOMEM, 1, 77, 0, -EFAULT]);
});

test("neighbouring anonymous mappings of one kind are one VMA; mprotect splits it", () => {
  const h = new Harness();
  const counts: number[] = [];
  const count = () => counts.push(h.process.space.vmas.length);
  calls(h, [
    mmap(4096),
    (r) => (count(), [sys.SYS_mmap, r[0] + 4096, 8192, RW, ANON | mman.MAP_FIXED, -1, 0]),
    (r) => (count(), [sys.SYS_mprotect, r[0] + 4096, 4096, mman.PROT_READ]),
    (r) => (count(), [sys.SYS_mprotect, r[0] + 4096, 4096, RW]),
    () => (count(), [sys.SYS_getpid]),
  ]);
  expect(counts[1]).toBe(counts[0]);
  expect(counts[2]).toBe(counts[0] + 2);
  expect(counts[3]).toBe(counts[0]);
});

test("pointers to unmapped, PROT_NONE and read-only memory give EFAULT", () => {
  const h = new Harness();
  const r = calls(h, [
    mmap(4096, mman.PROT_NONE),
    (r) => [sys.SYS_clock_gettime, 1, r[0]],
    () => [sys.SYS_clock_gettime, 1, 0],
    () => [sys.SYS_clock_gettime, 1, 0x400100],
    () => [sys.SYS_clock_gettime, 1, -8],
    () => [sys.SYS_clock_gettime, 1, 0x10800],
    () => [sys.SYS_clock_gettime, 1, DATA],
    mmap(4096),
    (r) => [sys.SYS_clock_gettime, 1, r[7] + 4096 - 8],
  ]);
  expect(r.slice(1, 7)).toEqual([-EFAULT, -EFAULT, -EFAULT, -EFAULT, -EFAULT, 0]);
});

test("the machine is told when executable bytes come and go", () => {
  const h = new Harness();
  calls(h, [
    mmap(8192, mman.PROT_READ | mman.PROT_EXEC),
    (r) => [sys.SYS_munmap, r[0], 8192],
    (r) => [sys.SYS_getpid, r[0]],
  ]);
  const changes = (h.process.machine as unknown as { codeChanges: [number, number][] }).codeChanges;
  expect(changes.slice(-2)[0]).toEqual(changes.slice(-1)[0]);
});
