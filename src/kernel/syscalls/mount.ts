import { ENOSYS, EOPNOTSUPP, EPERM } from "../abi/errno.ts";
import * as sys from "../abi/syscall_numbers.ts";
import { refused, type SyscallRow } from "./support.ts";

const NO_CAPABILITY = "not inside a container";
const AIO = "programs use threads or plain calls instead", GONE = "gone from Linux";
const NEWER = "as kernels before it answer; programs go on without";

/** Calls on whole file systems, and those that Docker's default profile keeps from a container too. */
export const mountRows: [number, SyscallRow][] = [
  [sys.SYS_mount, refused("mount", EPERM, NO_CAPABILITY, ["source:path", "target:path", "type:path", "flags", "data"])],
  [sys.SYS_umount2, refused("umount2", EPERM, NO_CAPABILITY, ["target:path", "flags"])],
  [sys.SYS_pivot_root, refused("pivot_root", EPERM, NO_CAPABILITY)],
  [sys.SYS_open_tree, refused("open_tree", EPERM, NO_CAPABILITY)],
  [sys.SYS_move_mount, refused("move_mount", EPERM, NO_CAPABILITY)],
  [sys.SYS_fsopen, refused("fsopen", EPERM, NO_CAPABILITY)],
  [sys.SYS_fsmount, refused("fsmount", EPERM, NO_CAPABILITY)],
  [sys.SYS_mount_setattr, refused("mount_setattr", EPERM, NO_CAPABILITY)],
  [sys.SYS_quotactl, refused("quotactl", EPERM, NO_CAPABILITY)],
  [sys.SYS_quotactl_fd, refused("quotactl_fd", EPERM, NO_CAPABILITY)],
  [sys.SYS_fanotify_init, refused("fanotify_init", EPERM, NO_CAPABILITY)],
  [sys.SYS_fanotify_mark, refused("fanotify_mark", EPERM, NO_CAPABILITY)],
  [sys.SYS_vhangup, refused("vhangup", EPERM, NO_CAPABILITY)],
  [sys.SYS_name_to_handle_at, refused("name_to_handle_at", EOPNOTSUPP, "overlayfs has no file handles")],
  [sys.SYS_open_by_handle_at, refused("open_by_handle_at", EPERM, NO_CAPABILITY)],
  [sys.SYS_io_setup, refused("io_setup", ENOSYS, AIO)],
  [sys.SYS_io_destroy, refused("io_destroy", ENOSYS, AIO)],
  [sys.SYS_io_getevents, refused("io_getevents", ENOSYS, AIO)],
  [sys.SYS_io_pgetevents, refused("io_pgetevents", ENOSYS, AIO)],
  [sys.SYS_io_submit, refused("io_submit", ENOSYS, AIO)],
  [sys.SYS_io_cancel, refused("io_cancel", ENOSYS, AIO)],
  [sys.SYS_io_uring_enter, refused("io_uring_enter", ENOSYS, "programs use epoll instead")],
  [sys.SYS_io_uring_register, refused("io_uring_register", ENOSYS, "programs use epoll instead")],
  [sys.SYS_fsconfig, refused("fsconfig", EPERM, NO_CAPABILITY)],
  [sys.SYS_fspick, refused("fspick", EPERM, NO_CAPABILITY)],
  [sys.SYS_statmount, refused("statmount", ENOSYS, NEWER)],
  [sys.SYS_listmount, refused("listmount", ENOSYS, NEWER)],
  [sys.SYS_cachestat, refused("cachestat", ENOSYS, NEWER)],
  [sys.SYS_lookup_dcookie, refused("lookup_dcookie", EPERM, NO_CAPABILITY)],
  [sys.SYS_uselib, refused("uselib", ENOSYS, GONE)],
  [sys.SYS_nfsservctl, refused("nfsservctl", ENOSYS, GONE)],
  [sys.SYS_ustat, refused("ustat", ENOSYS, "use statfs")],
  [sys.SYS_sysfs, refused("sysfs", ENOSYS, "gone from C libraries")],
];
