import type { SavableClass } from "../snapshot/class_registry.ts";
import { Clock } from "./clock.ts";
import { Kernel } from "./kernel.ts";
import { AddressSpace } from "./memory/address_space.ts";
import { SharedPages } from "./memory/shared_pages.ts";
import { Vma } from "./memory/vma.ts";
import { Credentials } from "./task/credentials.ts";
import { FdTable } from "./task/fd_table.ts";
import { RealTimer } from "./task/itimer.ts";
import { Limits } from "./task/limits.ts";
import { PosixTimer } from "./task/posix_timer.ts";
import { Process } from "./task/process.ts";
import { SignalHandlers } from "./task/signal_handlers.ts";
import { Task } from "./task/task.ts";
import { Timers } from "./timers.ts";
import { WaitQueue } from "./wait_queue.ts";

/** The kernel's own classes under their names in snapshots; files and sockets list theirs. */
export const kernelClasses: readonly (readonly [name: string, savable: SavableClass])[] = [
  ["Kernel", Kernel],
  ["Clock", Clock],
  ["Timers", Timers],
  ["WaitQueue", WaitQueue],
  ["Task", Task],
  ["Process", Process],
  ["Limits", Limits],
  ["Credentials", Credentials],
  ["SignalHandlers", SignalHandlers],
  ["RealTimer", RealTimer],
  ["PosixTimer", PosixTimer],
  ["FdTable", FdTable],
  ["AddressSpace", AddressSpace],
  ["SharedPages", SharedPages],
  ["Vma", Vma],
];
