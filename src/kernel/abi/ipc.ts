/** System V IPC (include/uapi/linux/{ipc,sem,msg,shm}.h, asm-generic/{ipcbuf,sembuf,msgbuf,shmbuf}.h). */

export const IPC_PRIVATE = 0;
export const IPC_CREAT = 0o1000, IPC_EXCL = 0o2000, IPC_NOWAIT = 0o4000;
export const IPC_RMID = 0, IPC_SET = 1, IPC_STAT = 2, IPC_INFO = 3;

/** struct ipc64_perm: key, uid, gid, cuid, cgid, mode (u32 each), sequence u16. */
export const IPC_PERM_BYTES = 48;

export const GETPID = 11, GETVAL = 12, GETALL = 13, GETNCNT = 14, GETZCNT = 15, SETVAL = 16, SETALL = 17;
export const SEM_STAT = 18, SEM_INFO = 19, SEM_STAT_ANY = 20;
export const SEM_UNDO = 0x1000;
/** Limits as /proc/sys/kernel/sem shows them: semaphores a set, in all, operations a call, sets. */
export const SEMMSL = 32000, SEMMNS = 1024000000, SEMOPM = 500, SEMMNI = 32000, SEMVMX = 32767;
/** struct semid64_ds: permissions, otime u64 at 48, ctime u64 at 64, nsems u64 at 80. */
export const SEMID_DS_BYTES = 104;
/** struct seminfo: ten ints. struct sembuf: number u16, operation i16, flags i16. */
export const SEMINFO_BYTES = 40, SEMBUF_BYTES = 6;

export const MSG_NOERROR = 0o10000, MSG_EXCEPT = 0o20000, MSG_COPY = 0o40000;
export const MSG_STAT = 11, MSG_INFO = 12, MSG_STAT_ANY = 13;
/** Bytes a message, bytes a queue, queues. */
export const MSGMAX = 8192, MSGMNB = 16384, MSGMNI = 32000;
/**
 * struct msqid64_ds: permissions, stime, rtime, ctime, bytes, messages, limit of bytes (u64 from 48), last sender and
 * receiver (i32 at 96).
 */
export const MSQID_DS_BYTES = 120;
/** struct msginfo: seven ints and a short. */
export const MSGINFO_BYTES = 32;

export const SHM_RDONLY = 0o10000, SHM_RND = 0o20000, SHM_REMAP = 0o40000, SHM_EXEC = 0o100000;
export const SHM_HUGETLB = 0o4000, SHM_DEST = 0o1000, SHM_LOCKED = 0o2000;
export const SHM_LOCK = 11, SHM_UNLOCK = 12, SHM_STAT = 13, SHM_INFO = 14, SHM_STAT_ANY = 15;
export const SHMMNI = 4096;
/** struct shmid64_ds: permissions, size u64 at 48, atime, dtime, ctime, creator and last pid (i32 at 80), attachments u64. */
export const SHMID_DS_BYTES = 112;
/** struct shminfo64 and shm_info. */
export const SHMINFO_BYTES = 72, SHM_INFO_BYTES = 48;
