import { CAP_SETGID, CAP_SETUID } from "../abi/capability.ts";
import { EACCES, EINVAL, EPERM, ESRCH } from "../abi/errno.ts";
import * as sys from "../abi/syscall_numbers.ts";
import type { Kernel } from "../kernel.ts";
import { loadU32, readableRange, storeU32, writableRange, writeU32 } from "../memory/user_memory.ts";
import type { Process } from "../task/process.ts";
import type { Task } from "../task/task.ts";
import { capabilityRows } from "./capability.ts";
import { full, type SyscallRow } from "./support.ts";

/** -1 in set*id calls: leave as it is. */
const KEEP = -1;
const NGROUPS_MAX = 65536;

function sysGetpid(_k: Kernel, t: Task): number {
  return t.process.pid;
}

function sysGettid(_k: Kernel, t: Task): number {
  return t.tid;
}

function sysGetppid(_k: Kernel, t: Task): number {
  return t.process.parent?.pid ?? 0;
}

function sysSetuid(_k: Kernel, t: Task, uid: number): number {
  const c = t.process.credentials, id = uid >>> 0;
  if (uid === -1) return -EINVAL;
  if (c.can(CAP_SETUID)) c.setUids(id, id, id);
  else if (id === c.uid || id === c.suid) c.setUids(c.uid, id, c.suid);
  else return -EPERM;
  return 0;
}

function sysSetgid(_k: Kernel, t: Task, gid: number): number {
  const c = t.process.credentials, id = gid >>> 0;
  if (gid === -1) return -EINVAL;
  if (c.can(CAP_SETGID)) c.setGids(id, id, id);
  else if (id === c.gid || id === c.sgid) c.setGids(c.gid, id, c.sgid);
  else return -EPERM;
  return 0;
}

function sysSetreuid(_k: Kernel, t: Task, real: number, effective: number): number {
  const c = t.process.credentials;
  const newReal = real === KEEP ? c.uid : real >>> 0, newEffective = effective === KEEP ? c.euid : effective >>> 0;
  if (!c.can(CAP_SETUID)) {
    if (newReal !== c.uid && newReal !== c.euid) return -EPERM;
    if (newEffective !== c.uid && newEffective !== c.euid && newEffective !== c.suid) return -EPERM;
  }
  const movesSaved = real !== KEEP || (effective !== KEEP && newEffective !== c.uid);
  c.setUids(newReal, newEffective, movesSaved ? newEffective : c.suid);
  return 0;
}

function sysSetregid(_k: Kernel, t: Task, real: number, effective: number): number {
  const c = t.process.credentials;
  const newReal = real === KEEP ? c.gid : real >>> 0, newEffective = effective === KEEP ? c.egid : effective >>> 0;
  if (!c.can(CAP_SETGID)) {
    if (newReal !== c.gid && newReal !== c.egid) return -EPERM;
    if (newEffective !== c.gid && newEffective !== c.egid && newEffective !== c.sgid) return -EPERM;
  }
  const movesSaved = real !== KEEP || (effective !== KEEP && newEffective !== c.gid);
  c.setGids(newReal, newEffective, movesSaved ? newEffective : c.sgid);
  return 0;
}

function sysSetresuid(_k: Kernel, t: Task, real: number, effective: number, saved: number): number {
  const c = t.process.credentials;
  const allowed = (id: number) => id === KEEP || [c.uid, c.euid, c.suid].includes(id >>> 0);
  if (!c.can(CAP_SETUID) && !(allowed(real) && allowed(effective) && allowed(saved))) return -EPERM;
  const pick = (id: number, old: number) => id === KEEP ? old : id >>> 0;
  c.setUids(pick(real, c.uid), pick(effective, c.euid), pick(saved, c.suid));
  return 0;
}

function sysSetresgid(_k: Kernel, t: Task, real: number, effective: number, saved: number): number {
  const c = t.process.credentials;
  const allowed = (id: number) => id === KEEP || [c.gid, c.egid, c.sgid].includes(id >>> 0);
  if (!c.can(CAP_SETGID) && !(allowed(real) && allowed(effective) && allowed(saved))) return -EPERM;
  const pick = (id: number, old: number) => id === KEEP ? old : id >>> 0;
  c.setGids(pick(real, c.gid), pick(effective, c.egid), pick(saved, c.sgid));
  return 0;
}

function sysGetresuid(_k: Kernel, t: Task, real: number, effective: number, saved: number): number {
  const c = t.process.credentials;
  return writeU32(t, real, c.uid) || writeU32(t, effective, c.euid) || writeU32(t, saved, c.suid);
}

function sysGetresgid(_k: Kernel, t: Task, real: number, effective: number, saved: number): number {
  const c = t.process.credentials;
  return writeU32(t, real, c.gid) || writeU32(t, effective, c.egid) || writeU32(t, saved, c.sgid);
}

/** Returns the old one whether or not it worked (setfsuid(2), BUGS). */
function sysSetfsuid(_k: Kernel, t: Task, uid: number): number {
  const c = t.process.credentials, old = c.fsuid, id = uid >>> 0;
  if (uid !== -1 && (c.can(CAP_SETUID) || [c.uid, c.euid, c.suid, c.fsuid].includes(id))) c.setFileUid(id);
  return old;
}

function sysSetfsgid(_k: Kernel, t: Task, gid: number): number {
  const c = t.process.credentials, old = c.fsgid, id = gid >>> 0;
  if (gid !== -1 && (c.can(CAP_SETGID) || [c.gid, c.egid, c.sgid, c.fsgid].includes(id))) c.fsgid = id;
  return old;
}

function sysGetgroups(_k: Kernel, t: Task, size: number, list: number): number {
  const groups = t.process.credentials.groups;
  if (size < 0) return -EINVAL;
  if (size === 0) return groups.length;
  if (size < groups.length) return -EINVAL;
  const at = writableRange(t, list, groups.length * 4);
  if (at < 0) return at;
  groups.forEach((g, i) => storeU32(t.memory, at + i * 4, g));
  return groups.length;
}

function sysSetgroups(_k: Kernel, t: Task, size: number, list: number): number {
  const c = t.process.credentials;
  if (!c.can(CAP_SETGID)) return -EPERM;
  if (size < 0 || size > NGROUPS_MAX) return -EINVAL;
  const at = readableRange(t, list, size * 4);
  if (at < 0) return at;
  c.groups = Array.from({ length: size }, (_, i) => loadU32(t.memory, at + i * 4));
  return 0;
}

/** The process a pid argument means (0: oneself), or undefined. */
function processOf(k: Kernel, t: Task, pid: number): Process | undefined {
  return pid === 0 ? t.process : k.processes.get(pid);
}

function sysGetpgid(k: Kernel, t: Task, pid: number): number {
  return processOf(k, t, pid)?.pgid ?? -ESRCH;
}

function sysGetpgrp(_k: Kernel, t: Task): number {
  return t.process.pgid;
}

function sysGetsid(k: Kernel, t: Task, pid: number): number {
  return processOf(k, t, pid)?.sid ?? -ESRCH;
}

function sysSetpgid(k: Kernel, t: Task, pid: number, pgid: number): number {
  if ((pgid || pid) < 0) return -EINVAL;
  const p = processOf(k, t, pid);
  if (p === undefined || (p !== t.process && p.parent !== t.process)) return -ESRCH;
  if (p !== t.process && p.executed) return -EACCES;
  if (p.sid === p.pid || p.sid !== t.process.sid) return -EPERM;
  const wanted = pgid === 0 ? p.pid : pgid;
  if (wanted !== p.pid) {
    const exists = [...k.processes.values()].some((other) => other.pgid === wanted && other.sid === t.process.sid);
    if (!exists) return -EPERM;
  }
  p.pgid = wanted;
  return 0;
}

function sysSetsid(k: Kernel, t: Task): number {
  const p = t.process;
  for (const other of k.processes.values()) if (other.pgid === p.pid) return -EPERM;
  p.pgid = p.sid = p.pid;
  return p.sid;
}

export const identityRows: readonly (readonly [number, SyscallRow])[] = [
  [sys.SYS_getpid, full("getpid", sysGetpid)],
  [sys.SYS_gettid, full("gettid", sysGettid)],
  [sys.SYS_getppid, full("getppid", sysGetppid)],
  [sys.SYS_getuid, full("getuid", (_k, t) => t.process.credentials.uid)],
  [sys.SYS_geteuid, full("geteuid", (_k, t) => t.process.credentials.euid)],
  [sys.SYS_getgid, full("getgid", (_k, t) => t.process.credentials.gid)],
  [sys.SYS_getegid, full("getegid", (_k, t) => t.process.credentials.egid)],
  [sys.SYS_setuid, full("setuid", sysSetuid, ["uid:int"])],
  [sys.SYS_setgid, full("setgid", sysSetgid, ["gid:int"])],
  [sys.SYS_setreuid, full("setreuid", sysSetreuid, ["ruid:int", "euid:int"])],
  [sys.SYS_setregid, full("setregid", sysSetregid, ["rgid:int", "egid:int"])],
  [sys.SYS_setresuid, full("setresuid", sysSetresuid, ["ruid:int", "euid:int", "suid:int"])],
  [sys.SYS_setresgid, full("setresgid", sysSetresgid, ["rgid:int", "egid:int", "sgid:int"])],
  [sys.SYS_getresuid, full("getresuid", sysGetresuid, ["ruid", "euid", "suid"])],
  [sys.SYS_getresgid, full("getresgid", sysGetresgid, ["rgid", "egid", "sgid"])],
  [sys.SYS_setfsuid, full("setfsuid", sysSetfsuid, ["uid:int"])],
  [sys.SYS_setfsgid, full("setfsgid", sysSetfsgid, ["gid:int"])],
  [sys.SYS_getgroups, full("getgroups", sysGetgroups, ["size:int", "list"])],
  [sys.SYS_setgroups, full("setgroups", sysSetgroups, ["size:int", "list"])],
  [sys.SYS_getpgid, full("getpgid", sysGetpgid, ["pid:int"])],
  [sys.SYS_getpgrp, full("getpgrp", sysGetpgrp)],
  [sys.SYS_getsid, full("getsid", sysGetsid, ["pid:int"])],
  [sys.SYS_setpgid, full("setpgid", sysSetpgid, ["pid:int", "pgid:int"])],
  [sys.SYS_setsid, full("setsid", sysSetsid)],
  ...capabilityRows,
];
