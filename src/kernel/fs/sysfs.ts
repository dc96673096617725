import { Dentry } from "../vfs/dentry.ts";
import { FileSystem } from "../vfs/file_system.ts";
import type { Vfs } from "../vfs/vfs.ts";
import { IFF_BROADCAST, IFF_LOOPBACK, IFF_MULTICAST, IFF_UP } from "../abi/socket.ts";
import { INTERFACES, type NetworkInterface } from "../net/interfaces.ts";
import { type GeneratedTree, registerTree, TreeDirectory } from "./procfs/tree.ts";
import { CGROUP2_SUPER_MAGIC, SYSFS_MAGIC } from "../abi/statfs.ts";

/** The controllers' files of a cgroup without limits (cgroups(7), version 2), as a container's own cgroup. */
const cgroup: GeneratedTree = {
  "cgroup.controllers": () => "cpu memory pids\n",
  "cgroup.procs": (k) => [...k.processes.keys()].map((pid) => `${pid}\n`).join(""),
  "cgroup.events": () => "populated 1\nfrozen 0\n",
  "cgroup.subtree_control": () => "\n",
  "cgroup.threads": (k) => [...k.tasks.keys()].map((tid) => `${tid}\n`).join(""),
  "cgroup.type": () => "domain\n",
  "cpuset.cpus.effective": () => "0\n",
  "cpuset.mems.effective": () => "0\n",
  "io.stat": () => "",
  "memory.events": () => "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\noom_group_kill 0\n",
  "memory.low": () => "0\n",
  "memory.min": () => "0\n",
  "memory.peak": (_k, t) => `${t.memory.u8.length}\n`,
  "memory.swap.current": () => "0\n",
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

const MASK = () => "1\n";
/** Sets of CPUs that share something: the one. */
const CPU_MASKS = { thread_siblings: MASK, core_siblings: MASK, core_cpus: MASK, package_cpus: MASK };
const NOTHING = () => "0\n";

const hardwareAddress = (bytes: readonly number[]) => bytes.map((b) => b.toString(16).padStart(2, "0")).join(":");

/** A network interface (Documentation/ABI/testing/sysfs-class-net). */
function interfaceTree(i: NetworkInterface): GeneratedTree {
  const files: Record<string, string | number> = {
    address: hardwareAddress(i.address),
    broadcast: hardwareAddress(i.broadcast),
    carrier: 1,
    flags: `0x${(i.flags & (IFF_UP | IFF_BROADCAST | IFF_LOOPBACK | IFF_MULTICAST)).toString(16)}`,
    ifindex: i.index,
    iflink: i.index,
    mtu: i.mtu,
    operstate: i.stateName,
    tx_queue_len: i.queueLength,
    type: i.type,
  };
  const counters = ["rx", "tx"].flatMap((way) =>
    ["bytes", "packets", "errors", "dropped"].map((what) => `${way}_${what}`)
  );
  return {
    ...Object.fromEntries(Object.entries(files).map(([name, value]) => [name, () => `${value}\n`])),
    statistics: Object.fromEntries(counters.map((name) => [name, NOTHING])),
  };
}

const interfaces: GeneratedTree = Object.fromEntries(INTERFACES.map((i) => [i.name, interfaceTree(i)]));

registerTree("cgroup", cgroup);

const CPU = () => "0\n";

registerTree("sys", {
  block: {},
  bus: {},
  class: { net: interfaces },
  dev: {},
  devices: {
    virtual: { net: interfaces },
    system: {
      cpu: {
        online: CPU,
        possible: CPU,
        present: CPU,
        offline: () => "\n",
        kernel_max: CPU,
        cpu0: {
          topology: {
            core_id: CPU,
            physical_package_id: CPU,
            thread_siblings_list: CPU,
            core_cpus_list: CPU,
            ...CPU_MASKS,
          },
        },
      },
      node: { online: CPU, possible: CPU, node0: { cpulist: CPU, cpumap: () => "1\n" } },
    },
  },
  firmware: {},
  fs: { cgroup: {} },
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
  const group = new FileSystem("cgroup2", vfs.allocateDev(), CGROUP2_SUPER_MAGIC);
  group.source = "cgroup";
  group.readOnly = true;
  group.options = "nosuid,nodev,noexec,relatime";
  group.root = new Dentry("", null, new TreeDirectory(group, "cgroup"));
  const fsDirectory = new Dentry("fs", sys.root, new TreeDirectory(sys, "sys/fs"));
  const point = new Dentry("cgroup", fsDirectory, new TreeDirectory(sys, "sys/fs/cgroup"));
  sys.innerMounts.push(point);
  vfs.mountOn(point, group);
}
