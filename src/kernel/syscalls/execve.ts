import { E2BIG, EFAULT } from "../abi/errno.ts";
import { SYS_execve, SYS_execveat } from "../abi/syscall_numbers.ts";
import type { Kernel } from "../kernel.ts";
import { MAX_ARG_BYTES } from "../../loader/initial_stack.ts";
import { readCString, readU64 } from "../memory/user_memory.ts";
import { AT_FDCWD, execProgram } from "../task/exec.ts";
import type { Task } from "../task/task.ts";
import { NO_RESULT } from "../wait_queue.ts";
import { full, type SyscallRow } from "./support.ts";

/** More strings than this do not fit any stack we have. */
const MOST_STRINGS = 65536;

function sysExecve(k: Kernel, t: Task, path: number, argv: number, envp: number): number {
  return exec(k, t, AT_FDCWD, path, argv, envp, 0);
}

function sysExecveat(
  k: Kernel,
  t: Task,
  dirfd: number,
  path: number,
  argv: number,
  envp: number,
  flags: number,
): number {
  return exec(k, t, dirfd, path, argv, envp, flags);
}

function exec(k: Kernel, t: Task, dirfd: number, path: number, argv: number, envp: number, flags: number): number {
  const name = readCString(t, path);
  if (typeof name === "number") return name;
  const args = readStrings(t, argv), environment = readStrings(t, envp);
  if (typeof args === "number") return args;
  if (typeof environment === "number") return environment;
  const error = execProgram(k, t, { path: name, dirfd, flags, argv: args, envp: environment });
  return error < 0 ? error : NO_RESULT;
}

/** A NULL-terminated array of strings; NULL itself is an empty one, as Linux has it. */
function readStrings(t: Task, array: number): string[] | number {
  const strings: string[] = [];
  for (let at = array >>> 0; at !== 0; at += 8) {
    const pointer = readU64(t, at);
    if (pointer < 0) return pointer;
    if (pointer === 0) break;
    if (pointer > 0xffffffff) return -EFAULT;
    const text = readCString(t, pointer, MAX_ARG_BYTES);
    // The only other failure is a string without an end in sight.
    if (typeof text === "number") return text === -EFAULT ? text : -E2BIG;
    if (strings.push(text) > MOST_STRINGS) return -E2BIG;
  }
  return strings;
}

export const execveRows: readonly (readonly [number, SyscallRow])[] = [
  [SYS_execve, full("execve", sysExecve, ["path:path", "argv", "envp"])],
  [SYS_execveat, full("execveat", sysExecveat, ["dirfd:fd", "path:path", "argv", "envp", "flags"])],
];
