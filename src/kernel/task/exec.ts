import { isElf } from "../../elf/header.ts";
import { TranslatorError } from "../../errors.ts";
import { buildStack } from "../../loader/initial_stack.ts";
import { loadProgram } from "../../loader/load.ts";
import { isScript, MAX_SCRIPT_DEPTH, parseShebang, PROBE_BYTES } from "../../loader/shebang.ts";
import type { Machine } from "../../machine/machine.ts";
import { ELOOP, ENOENT, ENOEXEC } from "../abi/errno.ts";
import { RLIMIT_STACK } from "../abi/resource.ts";
import { SIG_DFL, SIG_IGN, SIGCHLD } from "../abi/signal.ts";
import type { Kernel } from "../kernel.ts";
import { AddressSpace } from "../memory/address_space.ts";
import { leaveSpace } from "../memory/space_lifetime.ts";
import type { OpenedProgram } from "../vfs/vfs.ts";
import type { Credentials } from "./credentials.ts";
import { exitTask, leaveThreadMemory } from "./exit.ts";
import { dropDescription } from "./fd_table.ts";
import type { Process } from "./process.ts";
import { resetRegisters } from "./registers.ts";
import type { Task } from "./task.ts";
import { loadRegisters } from "./run.ts";

export const AT_FDCWD = -100;

export interface ExecRequest {
  /** With dirfd and AT_ flags as for execveat(2). */
  path: string;
  dirfd: number;
  flags: number;
  argv: string[];
  envp: string[];
}

/** Stack room for one program: RLIMIT_STACK within what our layout keeps. */
const LEAST_STACK = 128 * 1024, MOST_STACK = 8 * 1024 * 1024;
const S_ISUID = 0o4000, S_ISGID = 0o2000, S_IXGRP = 0o010;

/** A program in a memory of its own, ready to take over a process. */
interface Prepared {
  space: AddressSpace;
  program: { path: string; isImageFile: boolean };
  rip: number;
  rsp: number;
  argv: string[];
  credentials: Credentials;
  /** Last path component of what was asked for: the task's name. */
  name: string;
}

/**
 * execve: replaces the program of the task's process. A negative errno leaves everything as it was; programs that are not
 * well-formed give ENOEXEC and a line in the log.
 */
export function execProgram(k: Kernel, t: Task, request: ExecRequest): number {
  const newMachine = (key: string) => t.process.machine.blank(key);
  try {
    const prepared = prepare(k, t, newMachine, request);
    if (typeof prepared === "number") return prepared;
    takeOver(k, t, prepared);
    return 0;
  } catch (e) {
    if (!(e instanceof TranslatorError) || e.kind === "bug") throw e;
    k.host.log(0, e.message);
    return -ENOEXEC;
  }
}

/**
 * execProgram for the first program of a container, into the machine given: throws the TranslatorError; a negative errno if
 * a file is missing.
 */
export function execFirst(k: Kernel, t: Task, machine: Machine, request: ExecRequest): number {
  const prepared = prepare(k, t, () => machine, request);
  if (typeof prepared === "number") return prepared;
  takeOver(k, t, prepared);
  return 0;
}

function prepare(k: Kernel, t: Task, newMachine: (key: string) => Machine, request: ExecRequest): Prepared | number {
  const found = findProgram(k, t, request);
  if (typeof found === "number") return found;
  const machine = newMachine(programKey(found.program));
  machine.client = k;
  let done = false;
  try {
    const space = new AddressSpace(machine);
    const limit = t.process.limits.soft[RLIMIT_STACK];
    const stackBytes = Math.max(LEAST_STACK, Math.min(MOST_STACK, limit));
    const opened: OpenedProgram[] = [];
    const loaded = loadProgram(k, space, found.program, stackBytes, (path) => {
      const interpreter = k.vfs.openExecutable(k, t, AT_FDCWD, path, 0);
      if (typeof interpreter !== "number") opened.push(interpreter);
      return interpreter;
    });
    for (const o of opened) dropDescription(k, o.description);
    if (typeof loaded === "number") return loaded;
    const credentials = credentialsAfterExec(t.process, found.program);
    const random = new Uint8Array(16);
    k.host.randomFill(random);
    const rsp = buildStack(space, loaded, {
      argv: found.argv,
      envp: request.envp,
      execfn: found.path,
      random,
      credentials,
      secure: credentials.uid !== credentials.euid || credentials.gid !== credentials.egid ? 1 : 0,
      cpuLevel: k.cpuLevel,
    }, stackBytes);
    if (rsp < 0) return rsp;
    done = true;
    return {
      space,
      program: found.program,
      rip: loaded.start,
      rsp,
      argv: found.argv,
      credentials,
      name: baseName(request.path === "" ? found.program.path : request.path),
    };
  } finally {
    dropDescription(k, found.program.description);
    if (!done) machine.dispose();
  }
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Opens the file, and follows `#!` lines until there is an ELF program. */
function findProgram(
  k: Kernel,
  t: Task,
  request: ExecRequest,
): { program: OpenedProgram; argv: string[]; path: string } | number {
  let { path, dirfd, flags } = request;
  // Linux since 5.18: an empty argv becomes one empty string.
  let argv = request.argv.length === 0 ? [""] : request.argv;
  for (let depth = 0; depth <= MAX_SCRIPT_DEPTH; depth++) {
    const program = k.vfs.openExecutable(k, t, dirfd, path, flags);
    if (typeof program === "number") return program;
    const probe = readProbe(k, t, program);
    if (isElf(probe)) return { program, argv, path };
    const shebang = isScript(probe) ? parseShebang(probe) : -ENOEXEC;
    dropDescription(k, program.description);
    if (typeof shebang === "number") return shebang;
    // A script opened through a descriptor is named by it (execveat(2)), which has to be there for the interpreter.
    const byDescriptor = dirfd !== AT_FDCWD && !path.startsWith("/");
    if (byDescriptor && t.process.fds.isCloexec(dirfd)) return -ENOENT;
    const scriptPath = byDescriptor ? `/dev/fd/${dirfd}${path === "" ? "" : `/${path}`}` : path;
    argv = [
      shebang.interpreter,
      ...(shebang.argument === null ? [] : [shebang.argument]),
      scriptPath,
      ...argv.slice(1),
    ];
    path = shebang.interpreter;
    dirfd = AT_FDCWD;
    flags = 0;
  }
  return -ELOOP;
}

function readProbe(k: Kernel, t: Task, program: OpenedProgram): Uint8Array {
  const probe = new Uint8Array(PROBE_BYTES);
  const n = program.description.pread(k, t, probe, 0, PROBE_BYTES, 0);
  return probe.subarray(0, Math.max(0, n));
}

/** Set-user-id and set-group-id programs (execve(2)). */
function credentialsAfterExec(p: Process, program: OpenedProgram): Credentials {
  const c = p.credentials.copy();
  if (!p.noNewPrivs) {
    if (program.mode & S_ISUID) c.euid = program.uid;
    if ((program.mode & (S_ISGID | S_IXGRP)) === (S_ISGID | S_IXGRP)) c.egid = program.gid;
  }
  const changesIds = c.euid !== p.credentials.euid || c.egid !== p.credentials.egid;
  c.suid = c.fsuid = c.euid;
  c.setGids(c.gid, c.egid, c.egid);
  c.capabilitiesAfterExec(changesIds);
  return c;
}

/** The point of no return: everything execve(2) lists under "effect on process attributes". */
function takeOver(k: Kernel, t: Task, next: Prepared): void {
  const p = t.process;
  for (const other of p.tasks.slice()) if (other !== t) exitTask(k, other, 0);
  becomeLeader(k, t);
  leaveThreadMemory(t);
  if (p.space.loadedTask === t) p.space.loadedTask = null;
  leaveSpace(k, p);
  p.space = next.space;

  if (p.fds.users > 1) {
    p.fds.users--;
    p.fds = p.fds.copy();
  }
  p.fds.closeOnExec(k);
  resetSignals(k, t);
  p.credentials = next.credentials;
  p.exe = next.program.path;
  p.argv = next.argv;
  p.executed = true;
  p.exitSignal = SIGCHLD;
  p.dumpable = 1;
  t.name = next.name.slice(0, 15);

  next.space.programKey = programKey(next.program);
  p.machine.programLoaded?.(next.space.programKey);
  loadRegisters(t);
  resetRegisters(p.machine.memory, next.rip, next.rsp);
}

/** Names a program for the machine (see Machine.programLoaded). */
function programKey({ path, isImageFile }: { path: string; isImageFile: boolean }): string {
  return isImageFile ? path : "";
}

/** The thread that calls execve goes on as the process's leader, under its number. */
function becomeLeader(k: Kernel, t: Task): void {
  if (t.tid === t.process.pid) return;
  k.tasks.delete(t.tid);
  t.tid = t.process.pid;
  k.tasks.set(t.tid, t);
}

function resetSignals(k: Kernel, t: Task): void {
  const p = t.process;
  // CLONE_SIGHAND without CLONE_THREAD: the other process keeps its handlers.
  const handlers = p.signalHandlers.copy();
  for (let n = 1; n <= 64; n++) {
    if (handlers.handler[n] !== SIG_IGN) handlers.handler[n] = SIG_DFL;
    handlers.flags[n] =
      handlers.restorer[n] =
      handlers.maskLow[n] =
      handlers.maskHigh[n] =
        0;
  }
  p.signalHandlers = handlers;
  t.altStack = { address: 0, size: 0, flags: t.altStack.flags };
  for (const timer of p.timers.posix) if (timer !== null) timer.disarm(k);
  p.timers.posix.length = 0;
}
