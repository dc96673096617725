import type { Kernel } from "../../../kernel.ts";
import type { Process } from "../../../task/process.ts";
import type { Task } from "../../../task/task.ts";
import type { FileSystem } from "../../../vfs/file_system.ts";
import type { Inode } from "../../../vfs/inode.ts";
import { GeneratedDirectory, GeneratedFile, inodeNumberOf } from "../inodes.ts";
import { treeInode, treeNames } from "../tree.ts";
import { mountinfo, mounts, mountstats } from "../mounts.ts";
import { FdDirectory, FdinfoDirectory } from "./fd.ts";
import { PROCESS_LINKS, ProcessLink } from "./links.ts";
import { auxv } from "./auxv.ts";
import { cmdline, environ } from "./arguments.ts";
import { cgroup } from "./cgroup.ts";
import { comm, setComm } from "./comm.ts";
import { io } from "./io.ts";
import { limits } from "./limits.ts";
import { maps, smaps, smapsRollup } from "./maps.ts";
import { setOomScoreAdj } from "./oom_score_adj.ts";
import { schedstat } from "./schedstat.ts";
import { stat } from "./stat.ts";
import { statm } from "./statm.ts";
import { status } from "./status.ts";
import { ESRCH } from "../../../abi/errno.ts";

export interface ProcessFileKind {
  readonly mode: number;
  /** The contents, or a negative errno. */
  read(k: Kernel, p: Process, thread: Task | undefined, reader: Task): string | Uint8Array | number;
  write?(k: Kernel, p: Process, text: string): number;
}

/** Files of /proc/<pid> and of /proc/<pid>/task/<tid>. */
const FILES: Record<string, ProcessFileKind> = {
  auxv: { mode: 0o400, read: auxv },
  cgroup: { mode: 0o444, read: cgroup },
  cmdline: { mode: 0o444, read: cmdline },
  autogroup: { mode: 0o644, read: () => "/autogroup-1 nice 0\n", write: () => 0 },
  children: { mode: 0o444, read: (_k, p) => p.children.map((child) => `${child.pid} `).join("") },
  clear_refs: { mode: 0o200, read: () => "", write: () => 0 },
  comm: { mode: 0o644, read: comm, write: setComm },
  coredump_filter: { mode: 0o644, read: () => "00000033\n", write: () => 0 },
  cpuset: { mode: 0o444, read: () => "/\n" },
  environ: { mode: 0o400, read: environ },
  io: { mode: 0o400, read: io },
  limits: { mode: 0o444, read: limits },
  loginuid: { mode: 0o644, read: () => "4294967295" },
  maps: { mode: 0o444, read: maps },
  mountinfo: { mode: 0o444, read: (k, _p, _thread, reader) => mountinfo(k, reader) },
  mounts: { mode: 0o444, read: (k, _p, _thread, reader) => mounts(k, reader) },
  mountstats: { mode: 0o400, read: (k, _p, _thread, reader) => mountstats(k, reader) },
  oom_adj: { mode: 0o644, read: () => "0\n", write: () => 0 },
  oom_score: { mode: 0o444, read: () => "0\n" },
  oom_score_adj: { mode: 0o644, read: () => "0\n", write: setOomScoreAdj },
  personality: { mode: 0o400, read: (_k, p) => p.personality.toString(16).padStart(8, "0") + "\n" },
  sessionid: { mode: 0o444, read: () => "4294967295" },
  setgroups: { mode: 0o644, read: () => "allow\n" },
  gid_map: { mode: 0o644, read: () => "         0          0 4294967295\n" },
  projid_map: { mode: 0o644, read: () => "" },
  timers: { mode: 0o444, read: () => "" },
  timerslack_ns: { mode: 0o666, read: () => "50000\n", write: () => 0 },
  uid_map: { mode: 0o644, read: () => "         0          0 4294967295\n" },
  smaps: { mode: 0o444, read: smaps },
  smaps_rollup: { mode: 0o444, read: smapsRollup },
  schedstat: { mode: 0o444, read: schedstat },
  stat: { mode: 0o444, read: stat },
  statm: { mode: 0o444, read: statm },
  status: { mode: 0o444, read: status },
  wchan: { mode: 0o444, read: () => "0" },
};

export class ProcessFile extends GeneratedFile {
  static override readonly savedFields: readonly string[] = [...GeneratedFile.savedFields, "pid", "tid", "name"];
  private readonly pid: number;

  constructor(fs: FileSystem, p: Process, private readonly tid: number, private readonly name: string) {
    const c = p.credentials;
    super(fs, inodeNumberOf(`${p.pid}/${tid}/${name}`), FILES[name].mode, c.euid, c.egid);
    this.pid = p.pid;
  }

  override generate(k: Kernel, t: Task): string | Uint8Array | number {
    const p = k.processes.get(this.pid);
    return p === undefined ? -ESRCH : FILES[this.name].read(k, p, k.tasks.get(this.tid) ?? p.tasks[0], t);
  }

  override accept(k: Kernel, t: Task, text: string): number {
    const p = k.processes.get(this.pid), write = FILES[this.name].write;
    if (p === undefined) return -ESRCH;
    return write === undefined ? super.accept(k, t, text) : write(k, p, text);
  }
}

/** What both kinds of directory hold. */
abstract class TaskDirectoryBase extends GeneratedDirectory {
  static override readonly savedFields: readonly string[] = [...GeneratedDirectory.savedFields, "pid", "tid"];
  readonly pid: number;

  constructor(fs: FileSystem, p: Process, protected readonly tid: number, path: string) {
    super(fs, inodeNumberOf(path), 0o555, p.credentials.euid, p.credentials.egid);
    this.pid = p.pid;
  }

  override names(_k: Kernel, _t: Task): readonly string[] {
    return ["fd", "fdinfo", "net", "ns", ...Object.keys(FILES), ...PROCESS_LINKS];
  }

  override entry(k: Kernel, _t: Task, name: string): Inode | null {
    const p = k.processes.get(this.pid);
    if (p === undefined) return null;
    if (Object.hasOwn(FILES, name)) return new ProcessFile(this.fs, p, this.tid, name);
    if (PROCESS_LINKS.includes(name)) return new ProcessLink(this.fs, p, name);
    if (name === "fd") return new FdDirectory(this.fs, p);
    if (name === "fdinfo") return new FdinfoDirectory(this.fs, p);
    if (name === "ns") return new NamespaceDirectory(this.fs, p);
    if (name === "net") return new NetDirectory(this.fs, p);
    return null;
  }
}

/** /proc/<pid>. */
export class ProcessDirectory extends TaskDirectoryBase {
  constructor(fs: FileSystem, p: Process) {
    super(fs, p, p.pid, `${p.pid}`);
  }

  override names(k: Kernel, t: Task): readonly string[] {
    return ["task", ...super.names(k, t)];
  }

  override entry(k: Kernel, t: Task, name: string): Inode | null {
    const p = k.processes.get(this.pid);
    if (name === "task" && p !== undefined) return new TaskListDirectory(this.fs, p);
    return super.entry(k, t, name);
  }
}

/** /proc/<pid>/task. */
export class TaskListDirectory extends GeneratedDirectory {
  static override readonly savedFields: readonly string[] = [...GeneratedDirectory.savedFields, "pid"];
  private readonly pid: number;

  constructor(fs: FileSystem, p: Process) {
    super(fs, inodeNumberOf(`${p.pid}/task`));
    this.pid = p.pid;
    this.nlink = 2 + p.tasks.length;
  }

  /** The first thread stays, as a zombie, until the process has been waited for. */
  override names(k: Kernel): readonly string[] {
    const others = k.processes.get(this.pid)?.tasks.filter((t) => t.tid !== this.pid) ?? [];
    return [`${this.pid}`, ...others.map((t) => `${t.tid}`)];
  }

  override entry(k: Kernel, _t: Task, name: string): Inode | null {
    const p = k.processes.get(this.pid);
    if (p === undefined || !this.names(k).includes(name)) return null;
    return new ThreadDirectory(this.fs, p, Number(name));
  }
}

/** /proc/<pid>/task/<tid>. */
export class ThreadDirectory extends TaskDirectoryBase {
  constructor(fs: FileSystem, p: Process, tid: number) {
    super(fs, p, tid, `${p.pid}/task/${tid}`);
  }
}

/** /proc/<pid>/net. */
export class NetDirectory extends GeneratedDirectory {
  constructor(fs: FileSystem, p: Process) {
    super(fs, inodeNumberOf(`${p.pid}/net`));
  }

  override names(): readonly string[] {
    return treeNames("proc-net");
  }

  override entry(_k: Kernel, _t: Task, name: string): Inode | null {
    return treeInode(this.fs, `proc-net/${name}`);
  }
}

const NAMESPACES = ["cgroup", "ipc", "mnt", "net", "pid", "pid_for_children", "user", "uts"];

/** /proc/<pid>/ns: everybody is in the same namespaces. */
export class NamespaceDirectory extends GeneratedDirectory {
  static override readonly savedFields: readonly string[] = [...GeneratedDirectory.savedFields, "pid"];
  private readonly pid: number;

  constructor(fs: FileSystem, p: Process) {
    super(fs, inodeNumberOf(`${p.pid}/ns`), 0o511);
    this.pid = p.pid;
  }

  override names(): readonly string[] {
    return NAMESPACES;
  }

  override entry(k: Kernel, _t: Task, name: string): Inode | null {
    const p = k.processes.get(this.pid);
    return p === undefined || !NAMESPACES.includes(name) ? null : new ProcessLink(this.fs, p, `ns/${name}`);
  }
}
