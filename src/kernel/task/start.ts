import { badInput } from "../../errors.ts";
import type { Machine } from "../../machine/machine.ts";
import { EACCES, ENOENT, ENOEXEC, errnoName } from "../abi/errno.ts";
import { RLIMIT_NOFILE } from "../abi/resource.ts";
import type { Kernel } from "../kernel.ts";
import { AddressSpace } from "../memory/address_space.ts";
import type { FsContext } from "../vfs/vfs.ts";
import type { Credentials } from "./credentials.ts";
import { AT_FDCWD, execFirst } from "./exec.ts";
import type { FdTable } from "./fd_table.ts";
import { Process } from "./process.ts";
import { SignalHandlers } from "./signal_handlers.ts";
import { Task } from "./task.ts";

export interface FirstProgram {
  /** Path inside the image, already searched for in PATH. */
  path: string;
  argv: string[];
  envp: string[];
  credentials: Credentials;
  fs: FsContext;
  /** With standard input, output and error open. */
  fds: FdTable;
}

/** What execve's errors mean to somebody with an image. */
const REASONS: Record<number, string> = {
  [EACCES]: "it is not an executable file",
  [ENOEXEC]: "it is neither an x86-64 ELF program nor a script",
  [ENOENT]: "it, or the interpreter that it names, is not in the image",
};

/** Starts the container's first process: pid 1, ready to run. Throws when the program cannot be loaded. */
export function startFirstProcess(k: Kernel, machine: Machine, program: FirstProgram): Process {
  machine.client = k;
  const pid = k.allocatePid();
  // A stand-in until the program is loaded; counted twice, so that leaving it does not dispose of the machine.
  const space = new AddressSpace(machine);
  space.users = 2;
  const p = new Process(k, pid, space, program.fds, program.fs, program.credentials, new SignalHandlers());
  const t = new Task(pid, p);
  p.tasks.push(t);
  p.startNs = k.clock.monotonicNs();
  p.fds.limit = p.limits.soft[RLIMIT_NOFILE];
  k.processes.set(pid, p);
  k.tasks.set(pid, t);
  k.currentTask = t;
  const { path, argv, envp } = program;
  const error = execFirst(k, t, machine, { path, dirfd: AT_FDCWD, flags: 0, argv, envp });
  if (error < 0) throw badInput(`cannot start ${JSON.stringify(path)}: ${REASONS[-error] ?? errnoName(-error)}`);
  k.enqueue(t);
  return p;
}
