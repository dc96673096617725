import type { Kernel } from "../../kernel.ts";
import { UTS_RELEASE, UTS_SYSNAME, UTS_VERSION } from "../../syscalls/system_info.ts";
import type { GeneratedTree } from "./tree.ts";

/** A random UUID (version 4) in its text form. */
export function randomUuid(k: Kernel): string {
  const bytes = new Uint8Array(16);
  k.host.randomFill(bytes);
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

function value(text: string | number): () => string {
  return () => `${text}\n`;
}

/** /proc/sys (sysctl(8)): what libraries and runtimes look at. Read-only, as in a container. */
export const sysTree: GeneratedTree = {
  kernel: {
    hostname: (k) => `${k.hostname}\n`,
    domainname: value("(none)"),
    ostype: value(UTS_SYSNAME),
    osrelease: value(UTS_RELEASE),
    version: value(UTS_VERSION),
    pid_max: value(32768),
    ngroups_max: value(65536),
    cap_last_cap: value(40),
    "threads-max": value(4096),
    randomize_va_space: value(0),
    core_pattern: value("core"),
    overflowuid: value(65534),
    overflowgid: value(65534),
    shmmax: value("18446744073692774399"),
    shmall: value("18446744073692774399"),
    shmmni: value(4096),
    msgmax: value(8192),
    sched_child_runs_first: value(0),
    perf_event_paranoid: value(4),
    yama: { ptrace_scope: value(1) },
    seccomp: { actions_avail: value("kill_process kill_thread trap errno user_notif trace log allow") },
    random: {
      uuid: (k) => `${randomUuid(k)}\n`,
      boot_id: (k) => `${bootId(k)}\n`,
      entropy_avail: value(256),
      poolsize: value(256),
    },
  },
  vm: {
    overcommit_memory: value(0),
    overcommit_ratio: value(50),
    max_map_count: value(65530),
    mmap_min_addr: value(65536),
    swappiness: value(60),
    nr_hugepages: value(0),
  },
  fs: {
    "file-max": value(1048576),
    "nr_open": value(1048576),
    "file-nr": value("0\t0\t1048576"),
    "pipe-max-size": value(1048576),
    "pipe-user-pages-soft": value(16384),
    "suid_dumpable": value(0),
    inotify: {
      max_queued_events: value(16384),
      max_user_instances: value(128),
      max_user_watches: value(65536),
    },
    epoll: { max_user_watches: value(65536) },
    mqueue: { msg_max: value(10), msgsize_max: value(8192), queues_max: value(256) },
  },
  net: {
    core: {
      somaxconn: value(4096),
      rmem_default: value(212992),
      rmem_max: value(212992),
      wmem_default: value(212992),
      wmem_max: value(212992),
      netdev_max_backlog: value(1000),
    },
    ipv4: {
      ip_local_port_range: value("32768\t60999"),
      ip_unprivileged_port_start: value(0),
      tcp_fin_timeout: value(60),
      tcp_keepalive_time: value(7200),
      tcp_keepalive_intvl: value(75),
      tcp_keepalive_probes: value(9),
      tcp_max_syn_backlog: value(128),
      tcp_fastopen: value(0),
      tcp_rmem: value("4096\t131072\t6291456"),
      tcp_wmem: value("4096\t16384\t4194304"),
      ip_forward: value(0),
      ip_nonlocal_bind: value(0),
    },
    ipv6: { conf: { all: { disable_ipv6: value(0) }, default: { disable_ipv6: value(0) } }, bindv6only: value(0) },
  },
};

/** The same for the life of a guest: derived from the time of boot. */
function bootId(k: Kernel): string {
  const hex = Math.abs(Math.floor(k.clock.bootNs)).toString(16).padStart(12, "0").slice(-12);
  return `6c696768-7465-4472-8000-${hex}`;
}
