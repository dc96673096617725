/** A signal on its way, with what siginfo_t tells the handler. */
export interface Signal {
  /** 1..64. */
  number: number;
  /** si_errno. */
  error: number;
  /** si_code: SI_USER, SI_KERNEL, CLD_EXITED, SEGV_MAPERR, ... */
  code: number;
  /** si_pid and si_uid of the sender or child. */
  pid: number;
  uid: number;
  /** si_status of a child; si_syscall of SIGSYS. */
  status: number;
  /** si_addr of a fault, low and high half. */
  address: number;
  addressHigh: number;
  /** si_value, low and high half. */
  valueLow: number;
  valueHigh: number;
  /** si_timerid (si_arch of SIGSYS) and si_overrun of POSIX timers. */
  timerId: number;
  overrun: number;
}

/** A signal with the fields that matter, the rest zero. */
export function makeSignal(number: number, code: number, fields: Partial<Signal> = {}): Signal {
  return {
    number,
    error: 0,
    code,
    pid: 0,
    uid: 0,
    status: 0,
    address: 0,
    addressHigh: 0,
    valueLow: 0,
    valueHigh: 0,
    timerId: 0,
    overrun: 0,
    ...fields,
  };
}
