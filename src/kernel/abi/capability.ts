/** Capabilities (include/uapi/linux/capability.h) that something here asks for. */
export const CAP_CHOWN = 0, CAP_DAC_OVERRIDE = 1, CAP_DAC_READ_SEARCH = 2, CAP_FOWNER = 3, CAP_FSETID = 4;
export const CAP_KILL = 5,
  CAP_SETGID = 6,
  CAP_SETUID = 7,
  CAP_SETPCAP = 8,
  CAP_SYS_CHROOT = 18,
  CAP_SYS_ADMIN = 21,
  CAP_MKNOD = 27;
/** /proc/sys/kernel/cap_last_cap of Linux 6.1: CAP_CHECKPOINT_RESTORE. */
export const CAP_LAST_CAP = 40;

/**
 * What root has in a container whose runtime was told nothing else: CHOWN, DAC_OVERRIDE, FOWNER, FSETID, KILL, SETGID,
 * SETUID, SETPCAP, NET_BIND_SERVICE, NET_RAW, SYS_CHROOT, MKNOD, AUDIT_WRITE, SETFCAP. All are in the low word, so sets are
 * kept as one 32-bit number.
 */
export const CONTAINER_CAPABILITIES = 0xa80425fb | 0;
/** What setfsuid(2) takes away and gives back: CHOWN, DAC_OVERRIDE, DAC_READ_SEARCH, FOWNER, FSETID, MKNOD. */
export const CAPABILITIES_OF_FILES = 0x0800001f;

export const CAPABILITY_VERSION_1 = 0x19980330, CAPABILITY_VERSION_2 = 0x20071026, CAPABILITY_VERSION_3 = 0x20080522;
/** struct cap_user_data: effective, permitted, inheritable (u32 each), once or twice. */
export const CAP_USER_DATA_BYTES = 12;

/** Secure bits (capabilities(7)); each has a lock bit left of it. */
export const SECBIT_NOROOT = 1, SECBIT_NO_SETUID_FIXUP = 4, SECBIT_KEEP_CAPS = 16, SECBIT_NO_CAP_AMBIENT_RAISE = 64;
export const SECURE_LOCKS = 0xaa, SECURE_ALL = 0xff;

export const PR_CAP_AMBIENT_IS_SET = 1, PR_CAP_AMBIENT_RAISE = 2, PR_CAP_AMBIENT_LOWER = 3;
export const PR_CAP_AMBIENT_CLEAR_ALL = 4;
