import { SYS_exit, SYS_exit_group } from "../abi/syscall_numbers.ts";
import { exitedStatus } from "../abi/wait.ts";
import type { Kernel } from "../kernel.ts";
import { exitProcess, exitTask } from "../task/exit.ts";
import type { Task } from "../task/task.ts";
import { NO_RESULT } from "../wait_queue.ts";
import { full, type SyscallRow } from "./support.ts";

function sysExit(k: Kernel, t: Task, code: number): number {
  exitTask(k, t, code);
  return NO_RESULT;
}

function sysExitGroup(k: Kernel, t: Task, code: number): number {
  exitProcess(k, t.process, exitedStatus(code));
  return NO_RESULT;
}

export const exitRows: readonly (readonly [number, SyscallRow])[] = [
  [SYS_exit, full("exit", sysExit, ["code:int"])],
  [SYS_exit_group, full("exit_group", sysExitGroup, ["code:int"])],
];
