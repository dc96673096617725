import type { Kernel } from "../../kernel.ts";
import type { Task } from "../../task/task.ts";
import type { FileSystem } from "../../vfs/file_system.ts";
import type { Inode } from "../../vfs/inode.ts";
import { cpuinfo } from "./cpuinfo.ts";
import { filesystems } from "./filesystems.ts";
import { GeneratedDirectory, GeneratedLink, inodeNumberOf } from "./inodes.ts";
import { loadavg } from "./loadavg.ts";
import { meminfo } from "./meminfo.ts";
import { netTree } from "./net.ts";
import { ProcessDirectory } from "./pid/directory.ts";
import { stat } from "./stat.ts";
import { sysTree } from "./sys.ts";
import { sysvipcTree } from "./sysvipc.ts";
import { registerTree, treeInode, treeNames } from "./tree.ts";
import { uptime } from "./uptime.ts";
import { version } from "./version.ts";

registerTree("proc", {
  cmdline: () => "lighter\n",
  cpuinfo,
  devices: () => "Character devices:\n  1 mem\n  5 /dev/tty\n\nBlock devices:\n",
  filesystems,
  loadavg,
  meminfo,
  stat,
  swaps: () => "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n",
  sys: sysTree,
  sysvipc: sysvipcTree,
  uptime,
  version,
  vmstat: () => "nr_free_pages 0\npgfault 0\npgmajfault 0\n",
  consoles: () => "",
  crypto: () => "",
  execdomains: () => "0-0\tLinux           \t[kernel]\n",
  interrupts: () => "           CPU0       \n",
  iomem: () => "",
  ioports: () => "",
  locks: () => "",
  misc: () => "",
  modules: () => "",
  softirqs: () => "                    CPU0       \n",
  partitions: () => "major minor  #blocks  name\n\n",
  diskstats: () => "",
  pressure: {},
});
registerTree("proc-net", netTree);

/** Links at the top of /proc and where they lead. */
const LINKS: Record<string, (t: Task) => string> = {
  self: (t) => `${t.process.pid}`,
  "thread-self": (t) => `${t.process.pid}/task/${t.tid}`,
  mounts: () => "self/mounts",
  net: () => "self/net",
};

/** /proc itself (proc(5)). */
export class ProcRoot extends GeneratedDirectory {
  constructor(fs: FileSystem) {
    super(fs, 1);
  }

  override names(k: Kernel): readonly string[] {
    const pids = [...k.processes.keys()].sort((a, b) => a - b).map(String);
    return [...treeNames("proc"), ...Object.keys(LINKS), ...pids];
  }

  override entry(k: Kernel, _t: Task, name: string): Inode | null {
    if (/^[1-9][0-9]*$/.test(name)) {
      const p = k.processes.get(Number(name)) ?? k.tasks.get(Number(name))?.process;
      return p === undefined ? null : new ProcessDirectory(this.fs, p);
    }
    if (Object.hasOwn(LINKS, name)) return new ProcRootLink(this.fs, name);
    return treeInode(this.fs, `proc/${name}`);
  }
}

export class ProcRootLink extends GeneratedLink {
  static override readonly savedFields: readonly string[] = [...GeneratedLink.savedFields, "name"];
  constructor(fs: FileSystem, private readonly name: string) {
    super(fs, inodeNumberOf(`proc/${name}`));
  }

  override text(_k: Kernel, t: Task): string {
    return LINKS[this.name](t);
  }
}
