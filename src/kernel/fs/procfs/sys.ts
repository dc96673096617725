import type { Kernel } from "../../kernel.ts";
import { UTS_RELEASE, UTS_SYSNAME, UTS_VERSION } from "../../syscalls/system_info.ts";
import { PTY_MAX } from "../tty/devpts.ts";
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
    msgmnb: value(16384),
    msgmni: value(32000),
    sem: value("32000\t1024000000\t500\t32000"),
    shm_rmid_forced: value(0),
    pty: {
      max: value(PTY_MAX),
      nr: (k) => `${k.terminals.byNumber.filter((t) => t !== null).length}\n`,
      reserve: value(1024),
    },
    panic: value(0),
    printk: value("4\t4\t1\t7"),
    tainted: value(0),
    dmesg_restrict: value(1),
    kptr_restrict: value(2),
    core_uses_pid: value(0),
    core_pipe_limit: value(0),
    io_uring_disabled: value(2),
    unprivileged_bpf_disabled: value(2),
    sched_rr_timeslice_ms: value(100),
    sched_rt_period_us: value(1000000),
    sched_rt_runtime_us: value(950000),
    numa_balancing: value(0),
    ns_last_pid: (k) => `${Math.max(...k.tasks.keys())}\n`,
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
    overcommit_kbytes: value(0),
    dirty_ratio: value(20),
    dirty_background_ratio: value(10),
    min_free_kbytes: value(1024),
    nr_overcommit_hugepages: value(0),
    panic_on_oom: value(0),
    vfs_cache_pressure: value(100),
    zone_reclaim_mode: value(0),
    unprivileged_userfaultfd: value(0),
    swappiness: value(60),
    nr_hugepages: value(0),
  },
  fs: {
    "file-max": value(1048576),
    "nr_open": value(1048576),
    "file-nr": value("0\t0\t1048576"),
    "pipe-max-size": value(1048576),
    "pipe-user-pages-soft": value(16384),
    "pipe-user-pages-hard": value(0),
    "suid_dumpable": value(0),
    "aio-max-nr": value(65536),
    "aio-nr": value(0),
    "lease-break-time": value(45),
    "leases-enable": value(1),
    "overflowuid": value(65534),
    "overflowgid": value(65534),
    "protected_hardlinks": value(1),
    "protected_symlinks": value(1),
    "protected_fifos": value(1),
    "protected_regular": value(2),
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
      optmem_max: value(131072),
      default_qdisc: value("pfifo_fast"),
      busy_poll: value(0),
      busy_read: value(0),
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
      ip_default_ttl: value(64),
      ping_group_range: value("1\t0"),
      tcp_available_congestion_control: value("reno cubic"),
      tcp_allowed_congestion_control: value("reno cubic"),
      tcp_congestion_control: value("cubic"),
      tcp_syncookies: value(1),
      tcp_tw_reuse: value(2),
      tcp_max_tw_buckets: value(65536),
      tcp_window_scaling: value(1),
      tcp_sack: value(1),
      tcp_timestamps: value(1),
      tcp_moderate_rcvbuf: value(1),
      tcp_abort_on_overflow: value(0),
      tcp_notsent_lowat: value(4294967295),
      tcp_mem: value("23070\t30761\t46140"),
      udp_mem: value("46143\t61524\t92286"),
      tcp_retries2: value(15),
      tcp_syn_retries: value(6),
      tcp_synack_retries: value(5),
      tcp_slow_start_after_idle: value(1),
    },
    ipv6: { conf: { all: { disable_ipv6: value(0) }, default: { disable_ipv6: value(0) } }, bindv6only: value(0) },
    unix: { max_dgram_qlen: value(10) },
  },
};

/** The same for the life of a guest: derived from the time of boot. */
function bootId(k: Kernel): string {
  const hex = Math.abs(Math.floor(k.clock.bootNs)).toString(16).padStart(12, "0").slice(-12);
  return `6c696768-7465-4472-8000-${hex}`;
}
