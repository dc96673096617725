import { Dentry } from "../vfs/dentry.ts";
import { FileSystem } from "../vfs/file_system.ts";
import type { Vfs } from "../vfs/vfs.ts";
import { type GeneratedTree, registerTree, TreeDirectory } from "./procfs/tree.ts";
import { SYSFS_MAGIC } from "../abi/statfs.ts";

/** The controllers' files of a cgroup without limits (cgroups(7), version 2), as a container's own cgroup. */
const cgroup: GeneratedTree = {
  "cgroup.controllers": () => "cpu memory pids\n",
  "cgroup.procs": (k) => [...k.processes.keys()].map((pid) => `${pid}\n`).join(""),
  "cgroup.type": () => "domain\n",
  "cpu.max": () => "max 100000\n",
  "cpu.weight": () => "100\n",
  "cpu.stat": () => "usage_usec 0\nuser_usec 0\nsystem_usec 0\n",
  "memory.max": () => "max\n",
  "memory.high": () => "max\n",
  "memory.swap.max": () => "max\n",
  "memory.current": (_k, t) => `${t.memory.u8.length}\n`,
  "memory.stat": (_k, t) => `anon ${t.memory.u8.length}\nfile 0\ninactive_file 0\n`,
  "pids.max": () => "max\n",
  "pids.current": (k) => `${k.tasks.size}\n`,
};

const CPU = () => "0\n";

registerTree("sys", {
  block: {},
  bus: {},
  class: { net: {} },
  dev: {},
  devices: {
    system: {
      cpu: {
        online: CPU,
        possible: CPU,
        present: CPU,
        offline: () => "\n",
        kernel_max: CPU,
        cpu0: { topology: { core_id: CPU, physical_package_id: CPU, thread_siblings_list: CPU, core_cpus_list: CPU } },
      },
      node: { online: CPU, possible: CPU, node0: { cpulist: CPU, cpumap: () => "1\n" } },
    },
  },
  firmware: {},
  fs: { cgroup },
  kernel: {
    mm: { transparent_hugepage: { enabled: () => "always madvise [never]\n", hpage_pmd_size: () => "2097152\n" } },
  },
  module: {},
  power: {},
});

/** Mounts a small /sys, read-only as in a container: CPU topology for those who count CPUs, and the cgroup. */
export function mountSys(vfs: Vfs): void {
  const sys = new FileSystem("sysfs", vfs.allocateDev(), SYSFS_MAGIC);
  sys.readOnly = true;
  sys.options = "nosuid,nodev,noexec,relatime";
  sys.root = new Dentry("", null, new TreeDirectory(sys, "sys"));
  vfs.mountAt("/sys", sys);
}
