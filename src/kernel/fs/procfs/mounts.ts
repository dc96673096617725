import type { Kernel } from "../../kernel.ts";
import type { Task } from "../../task/task.ts";
import { pathOf } from "../../vfs/dentry.ts";
import type { FileSystem } from "../../vfs/file_system.ts";

/** /proc/<pid>/mounts (proc_pid_mounts(5)): the fields of fstab. */
export function mounts(k: Kernel, t: Task): string {
  return k.vfs.mounts.map((fs) =>
    `${escape(fs.source)} ${escape(mountPath(fs, t))} ${fs.type} ${fs.readOnly ? "ro" : "rw"},${fs.options} 0 0\n`
  ).join("");
}

/** /proc/<pid>/mountinfo (proc_pid_mountinfo(5)). */
export function mountinfo(k: Kernel, t: Task): string {
  return k.vfs.mounts.map((fs) => {
    const parent = fs.mountPoint === null ? 1 : fs.mountPoint.inode.fs.mountId;
    const access = fs.readOnly ? "ro" : "rw";
    return `${fs.mountId} ${parent} 0:${fs.dev} / ${escape(mountPath(fs, t))} ${access},${fs.options} - ` +
      `${fs.type} ${escape(fs.source)} ${access}\n`;
  }).join("");
}

/** /proc/<pid>/mountstats. */
export function mountstats(k: Kernel, t: Task): string {
  return k.vfs.mounts.map((fs) =>
    `device ${escape(fs.source)} mounted on ${escape(mountPath(fs, t))} with fstype ${fs.type}\n`
  ).join("");
}

function mountPath(fs: FileSystem, t: Task): string {
  return fs.mountPoint === null ? "/" : pathOf(fs.mountPoint, t.process.fs.root);
}

function escape(text: string): string {
  return text.replace(/[ \t\n\\]/g, (c) => `\\${c.charCodeAt(0).toString(8).padStart(3, "0")}`);
}
