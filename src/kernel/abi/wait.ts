/** wait(2), waitid(2). */
export const WNOHANG = 1, WUNTRACED = 2, WSTOPPED = 2, WEXITED = 4, WCONTINUED = 8, WNOWAIT = 0x01000000;
export const WNOTHREAD = 0x20000000, WALL = 0x40000000, WCLONE = 0x80000000;
export const P_ALL = 0, P_PID = 1, P_PGID = 2, P_PIDFD = 3;

/** Status words. */
export function exitedStatus(code: number): number {
  return (code & 0xff) << 8;
}
/** Without the core flag (0x80): core files are not written, as with the usual RLIMIT_CORE of 0. */
export function killedStatus(signal: number): number {
  return signal;
}
export function stoppedStatus(signal: number): number {
  return (signal << 8) | 0x7f;
}
export const CONTINUED_STATUS = 0xffff;
