import { EINVAL, ENOSYS, EPERM } from "../abi/errno.ts";
import { NS_PER_SECOND } from "../abi/time.ts";
import * as sys from "../abi/syscall_numbers.ts";
import type { Kernel } from "../kernel.ts";
import { encodeBytes } from "../memory/byte_string.ts";
import { storeU16, storeU32, storeU64, writableRange } from "../memory/user_memory.ts";
import type { Task } from "../task/task.ts";
import { full, partial, refused, type SyscallRow } from "./support.ts";

/** struct utsname: six fields of 65 bytes. */
const UTS_FIELD = 65;
/** The kernel we say we are: programs choose code paths by it. */
export const UTS_SYSNAME = "Linux", UTS_RELEASE = "6.1.0", UTS_MACHINE = "x86_64";
export const UTS_VERSION = "#1 SMP Lighter";
const SYSINFO_BYTES = 112;
/** MemTotal: what a Workers isolate gives. */
export const TOTAL_RAM_BYTES = 128 * 1024 * 1024;

function sysUname(k: Kernel, t: Task, buffer: number): number {
  const at = writableRange(t, buffer, 6 * UTS_FIELD);
  if (at < 0) return at;
  const u8 = t.memory.u8;
  u8.fill(0, at, at + 6 * UTS_FIELD);
  [UTS_SYSNAME, k.hostname, UTS_RELEASE, UTS_VERSION, UTS_MACHINE, "(none)"].forEach((text, i) => {
    u8.set(encodeBytes(text).subarray(0, UTS_FIELD - 1), at + i * UTS_FIELD);
  });
  return 0;
}

function sysSysinfo(k: Kernel, t: Task, info: number): number {
  const at = writableRange(t, info, SYSINFO_BYTES);
  if (at < 0) return at;
  const m = t.memory;
  m.u8.fill(0, at, at + SYSINFO_BYTES);
  storeU64(m, at, Math.ceil((k.clock.monotonicNs() - k.clock.bootNs) / NS_PER_SECOND));
  // loads[3] at 8 stay 0
  storeU64(m, at + 32, TOTAL_RAM_BYTES);
  storeU64(m, at + 40, Math.max(0, TOTAL_RAM_BYTES - m.u8.length));
  storeU16(m, at + 80, k.tasks.size);
  storeU32(m, at + 104, 1); // mem_unit
  return 0;
}

/** syslog(2): a kernel log that is empty and not to be read by everybody. */
function sysSyslog(_k: Kernel, t: Task, action: number): number {
  const SIZE_BUFFER = 10, SIZE_UNREAD = 9, READ_ALL = 3;
  if (action === SIZE_BUFFER || action === SIZE_UNREAD || action === READ_ALL) return 0;
  return t.process.credentials.privileged ? -EINVAL : -EPERM;
}

const MEMBARRIER_CMD_QUERY = 0, MEMBARRIER_GLOBAL = 1;
/** GLOBAL, its expedited form and the private expedited form, with their registrations. */
const MEMBARRIER_SUPPORTED = 0x1f;

/** One CPU and no reordering between tasks: every barrier has already happened. */
function sysMembarrier(_k: Kernel, _t: Task, command: number, flags: number): number {
  if (flags !== 0) return -EINVAL;
  if (command === MEMBARRIER_CMD_QUERY) return MEMBARRIER_SUPPORTED;
  const isOneBit = command >= MEMBARRIER_GLOBAL && (command & (command - 1)) === 0;
  return isOneBit && command & MEMBARRIER_SUPPORTED ? 0 : -EINVAL;
}

const NO_CAPABILITY = "not inside a container";
const OLD_KERNEL = "as kernels before it answer; C libraries go on without";

export const systemInfoRows: readonly (readonly [number, SyscallRow])[] = [
  [sys.SYS_uname, full("uname", sysUname, ["buf"])],
  [sys.SYS_sysinfo, full("sysinfo", sysSysinfo, ["info"])],
  [sys.SYS_syslog, partial("syslog", sysSyslog, "an empty log", ["type:int", "buf", "len:int"])],
  [sys.SYS_membarrier, full("membarrier", sysMembarrier, ["cmd:int", "flags"])],
  [sys.SYS_rseq, refused("rseq", ENOSYS, OLD_KERNEL, ["rseq", "len:int", "flags", "sig"])],
  [sys.SYS_sethostname, refused("sethostname", EPERM, NO_CAPABILITY)],
  [sys.SYS_setdomainname, refused("setdomainname", EPERM, NO_CAPABILITY)],
  [sys.SYS_reboot, refused("reboot", EPERM, NO_CAPABILITY)],
  [sys.SYS_swapon, refused("swapon", EPERM, NO_CAPABILITY)],
  [sys.SYS_swapoff, refused("swapoff", EPERM, NO_CAPABILITY)],
  [sys.SYS_init_module, refused("init_module", EPERM, NO_CAPABILITY)],
  [sys.SYS_finit_module, refused("finit_module", EPERM, NO_CAPABILITY)],
  [sys.SYS_delete_module, refused("delete_module", EPERM, NO_CAPABILITY)],
  [sys.SYS_kexec_load, refused("kexec_load", EPERM, NO_CAPABILITY)],
  [sys.SYS_iopl, refused("iopl", EPERM, NO_CAPABILITY)],
  [sys.SYS_ioperm, refused("ioperm", EPERM, NO_CAPABILITY)],
  [sys.SYS_acct, refused("acct", EPERM, NO_CAPABILITY)],
  [sys.SYS_bpf, refused("bpf", EPERM, NO_CAPABILITY)],
  [sys.SYS_perf_event_open, refused("perf_event_open", EPERM, NO_CAPABILITY)],
  [sys.SYS_ptrace, refused("ptrace", EPERM, "no debugging inside the translation")],
  [sys.SYS_process_vm_readv, refused("process_vm_readv", EPERM, "no debugging inside the translation")],
  [sys.SYS_process_vm_writev, refused("process_vm_writev", EPERM, "no debugging inside the translation")],
  [sys.SYS_modify_ldt, refused("modify_ldt", ENOSYS, "64-bit programs have no use for it")],
  [sys.SYS_pkey_alloc, refused("pkey_alloc", ENOSYS, "no protection keys")],
  [sys.SYS_pkey_free, refused("pkey_free", ENOSYS, "no protection keys")],
  [sys.SYS_userfaultfd, refused("userfaultfd", EPERM, NO_CAPABILITY)],
  [sys.SYS_io_uring_setup, refused("io_uring_setup", ENOSYS, OLD_KERNEL)],
  [sys.SYS_process_madvise, refused("process_madvise", ENOSYS, OLD_KERNEL)],
  [sys.SYS_process_mrelease, refused("process_mrelease", ENOSYS, OLD_KERNEL)],
  [sys.SYS_memfd_secret, refused("memfd_secret", ENOSYS, OLD_KERNEL)],
  [sys.SYS_landlock_create_ruleset, refused("landlock_create_ruleset", ENOSYS, OLD_KERNEL)],
  [sys.SYS_landlock_add_rule, refused("landlock_add_rule", ENOSYS, OLD_KERNEL)],
  [sys.SYS_landlock_restrict_self, refused("landlock_restrict_self", ENOSYS, OLD_KERNEL)],
  [sys.SYS_lsm_get_self_attr, refused("lsm_get_self_attr", ENOSYS, OLD_KERNEL)],
  [sys.SYS_lsm_set_self_attr, refused("lsm_set_self_attr", ENOSYS, OLD_KERNEL)],
  [sys.SYS_lsm_list_modules, refused("lsm_list_modules", ENOSYS, OLD_KERNEL)],
  [sys.SYS_map_shadow_stack, refused("map_shadow_stack", ENOSYS, OLD_KERNEL)],
  [sys.SYS_mseal, refused("mseal", ENOSYS, OLD_KERNEL)],
  [sys.SYS_set_thread_area, refused("set_thread_area", ENOSYS, "64-bit programs have no use for it")],
  [sys.SYS_get_thread_area, refused("get_thread_area", ENOSYS, "64-bit programs have no use for it")],
  [sys.SYS_kcmp, refused("kcmp", EPERM, "no debugging inside the translation")],
  [sys.SYS_kexec_file_load, refused("kexec_file_load", EPERM, NO_CAPABILITY)],
  [sys.SYS_pkey_mprotect, refused("pkey_mprotect", ENOSYS, "no protection keys")],
  [sys.SYS_add_key, refused("add_key", ENOSYS, "no keyrings")],
  [sys.SYS_request_key, refused("request_key", ENOSYS, "no keyrings")],
  [sys.SYS_keyctl, refused("keyctl", ENOSYS, "no keyrings")],
];
