import { EBADF, EINVAL, EPERM, ESRCH } from "../abi/errno.ts";
import { O_NONBLOCK } from "../abi/fcntl.ts";
import { SI_USER, SIGINFO_BYTES } from "../abi/signal.ts";
import { SYS_pidfd_getfd, SYS_pidfd_open, SYS_pidfd_send_signal } from "../abi/syscall_numbers.ts";
import { PidFd } from "../fs/pidfd.ts";
import { ProcessDirectory } from "../fs/procfs/pid/directory.ts";
import type { Kernel } from "../kernel.ts";
import { loadI32, readableRange } from "../memory/user_memory.ts";
import type { Process } from "../task/process.ts";
import type { Task } from "../task/task.ts";
import { killProcess, readQueued, userSignal } from "./signal.ts";
import { full, type SyscallRow } from "./support.ts";

function sysPidfdOpen(k: Kernel, t: Task, pid: number, flags: number): number {
  if (flags & ~O_NONBLOCK || pid <= 0) return -EINVAL;
  const p = k.processes.get(pid);
  // A thread that does not lead its process has no pidfd (before Linux 6.9).
  if (p === undefined) return k.tasks.has(pid) ? -EINVAL : -ESRCH;
  const d = new PidFd(p);
  d.statusFlags |= flags;
  return t.process.fds.install(d, true);
}

/** The process of a pidfd, or of an open folder /proc/<pid>; null for other descriptors. */
function processOf(k: Kernel, t: Task, fd: number): Process | null | undefined {
  const d = t.process.fds.get(fd);
  if (d instanceof PidFd) return d.isGone ? undefined : d.process;
  const inode = d?.dentry?.inode;
  return inode instanceof ProcessDirectory ? k.processes.get(inode.pid) : null;
}

function sysPidfdSendSignal(k: Kernel, t: Task, fd: number, n: number, info: number, flags: number): number {
  if (flags !== 0) return -EINVAL;
  const target = processOf(k, t, fd);
  if (target === null) return -EBADF;
  const isOwn = target === t.process;
  const at = info === 0 ? 0 : readableRange(t, info, SIGINFO_BYTES);
  if (at < 0) return at;
  if (info !== 0 && loadI32(t.memory, at) !== n) return -EINVAL;
  const s = info === 0 ? userSignal(t, n, SI_USER) : readQueued(t, info, n, isOwn);
  if (typeof s === "number") return s;
  if (n < 0 || n > 64) return -EINVAL;
  return target === undefined ? -ESRCH : killProcess(t, target, n, s);
}

function sysPidfdGetfd(_k: Kernel, t: Task, pidfd: number, fd: number, flags: number): number {
  if (flags !== 0) return -EINVAL;
  const d = t.process.fds.get(pidfd);
  if (!(d instanceof PidFd)) return -EBADF;
  if (d.isGone || d.process.zombie) return -ESRCH;
  // ptrace(2), PTRACE_MODE_ATTACH_REALCREDS: the same user in all three ids, or privilege.
  const me = t.process.credentials, you = d.process.credentials;
  const isSame = [you.uid, you.euid, you.suid].every((id) => id === me.uid) &&
    [you.gid, you.egid, you.sgid].every((id) => id === me.gid);
  if (d.process !== t.process && !me.privileged && !(isSame && d.process.dumpable === 1)) return -EPERM;
  const theirs = d.process.fds.get(fd);
  return theirs === undefined ? -EBADF : t.process.fds.install(theirs, true);
}

export const pidfdRows: readonly (readonly [number, SyscallRow])[] = [
  [SYS_pidfd_open, full("pidfd_open", sysPidfdOpen, ["pid:int", "flags:octal"])],
  [
    SYS_pidfd_send_signal,
    full("pidfd_send_signal", sysPidfdSendSignal, ["pidfd:fd", "signal:signal", "info", "flags"]),
  ],
  [SYS_pidfd_getfd, full("pidfd_getfd", sysPidfdGetfd, ["pidfd:fd", "fd:int", "flags"])],
];
