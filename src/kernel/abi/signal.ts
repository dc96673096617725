/** signal(7), sigaction(2), and the layouts of arch/x86/include/uapi/asm/sigcontext.h. */
export const SIGHUP = 1, SIGINT = 2, SIGQUIT = 3, SIGILL = 4, SIGTRAP = 5, SIGABRT = 6, SIGBUS = 7, SIGFPE = 8;
export const SIGKILL = 9, SIGUSR1 = 10, SIGSEGV = 11, SIGUSR2 = 12, SIGPIPE = 13, SIGALRM = 14, SIGTERM = 15;
export const SIGSTKFLT = 16, SIGCHLD = 17, SIGCONT = 18, SIGSTOP = 19, SIGTSTP = 20, SIGTTIN = 21, SIGTTOU = 22;
export const SIGURG = 23, SIGXCPU = 24, SIGXFSZ = 25, SIGVTALRM = 26, SIGPROF = 27, SIGWINCH = 28, SIGIO = 29;
export const SIGPWR = 30, SIGSYS = 31, SIGRTMIN = 32, SIGRTMAX = 64;

export const SIG_DFL = 0, SIG_IGN = 1;
export const SIG_BLOCK = 0, SIG_UNBLOCK = 1, SIG_SETMASK = 2;

export const SA_NOCLDSTOP = 1, SA_NOCLDWAIT = 2, SA_SIGINFO = 4, SA_RESTORER = 0x04000000, SA_ONSTACK = 0x08000000;
export const SA_RESTART = 0x10000000, SA_NODEFER = 0x40000000, SA_RESETHAND = 0x80000000;
/** Flags Linux keeps; others are cleared, by which programs probe for support (SA_UNSUPPORTED). */
export const SA_KNOWN = (SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_RESTORER | SA_ONSTACK | SA_RESTART | SA_NODEFER |
  SA_RESETHAND) >>> 0;

export const SI_USER = 0, SI_KERNEL = 0x80, SI_QUEUE = -1, SI_TIMER = -2, SI_TKILL = -6;
export const ILL_ILLOPN = 2;
export const FPE_INTDIV = 1, FPE_FLTDIV = 3, FPE_FLTOVF = 4, FPE_FLTUND = 5, FPE_FLTRES = 6, FPE_FLTINV = 7;
export const SEGV_MAPERR = 1, SEGV_ACCERR = 2;
export const CLD_EXITED = 1, CLD_KILLED = 2, CLD_DUMPED = 3, CLD_STOPPED = 5, CLD_CONTINUED = 6;

export const SS_ONSTACK = 1, SS_DISABLE = 2, SS_AUTODISARM = 0x80000000;
export const MINSIGSTKSZ = 2048;

export const SIGEV_SIGNAL = 0, SIGEV_NONE = 1, SIGEV_THREAD = 2, SIGEV_THREAD_ID = 4;

/** What a signal does when its disposition is SIG_DFL. */
export type DefaultAction = "terminate" | "core" | "ignore" | "stop" | "continue";

export function defaultAction(signal: number): DefaultAction {
  switch (signal) {
    case SIGCHLD:
    case SIGURG:
    case SIGWINCH:
      return "ignore";
    case SIGCONT:
      return "continue";
    case SIGSTOP:
    case SIGTSTP:
    case SIGTTIN:
    case SIGTTOU:
      return "stop";
    case SIGQUIT:
    case SIGILL:
    case SIGTRAP:
    case SIGABRT:
    case SIGBUS:
    case SIGFPE:
    case SIGSEGV:
    case SIGXCPU:
    case SIGXFSZ:
    case SIGSYS:
      return "core";
    default:
      return "terminate";
  }
}

/** struct rt_sigframe: return address, struct ucontext, siginfo_t; the FXSAVE image lies apart, above it. */
export const FRAME_UCONTEXT = 8;
export const FRAME_SIGINFO = 312;
export const FRAME_BYTES = 440;
export const SIGINFO_BYTES = 128;
/** struct ucontext. */
export const UC_FLAGS = 0, UC_LINK = 8, UC_STACK = 16, UC_MCONTEXT = 40, UC_SIGMASK = 296;
/** uc_flags: ss is saved and to be restored as it is. */
export const UC_SIGCONTEXT_SS = 2, UC_STRICT_RESTORE_SS = 4;
/** struct sigcontext: offsets of the registers in our numbering (rax rcx rdx rbx rsp rbp rsi rdi r8..r15). */
export const SC_GPR: readonly number[] = [104, 112, 96, 88, 120, 80, 72, 64, 0, 8, 16, 24, 32, 40, 48, 56];
export const SC_RIP = 128, SC_EFLAGS = 136, SC_CS = 144, SC_SS = 150, SC_ERR = 152, SC_TRAPNO = 160, SC_OLDMASK = 168;
export const SC_CR2 = 176, SC_FPSTATE = 184;
export const USER_CS = 0x33, USER_DS = 0x2b;
/** struct _fpstate is the 512 bytes of FXSAVE. */
export const FXSAVE_BYTES = 512;
/**
 * With XSAVE it goes on as struct _xstate: `struct _fpx_sw_bytes` in the bytes of FXSAVE that software may use says so, and a
 * second magic word stands behind the area (arch/x86/include/uapi/asm/sigcontext.h).
 */
export const SW_MAGIC1 = 464, SW_EXTENDED_SIZE = 468, SW_XFEATURES = 472, SW_XSTATE_SIZE = 480;
export const FP_XSTATE_MAGIC1 = 0x46505853, FP_XSTATE_MAGIC2 = 0x46505845, FP_XSTATE_MAGIC2_SIZE = 4;
export const UC_FP_XSTATE = 1;

export const TRAP_DIVIDE = 0, TRAP_BREAKPOINT = 3, TRAP_UNDEFINED = 6, TRAP_PROTECTION = 13, TRAP_PAGE = 14;
export const TRAP_FLOAT = 19;

const NAMES = [
  "0",
  "SIGHUP",
  "SIGINT",
  "SIGQUIT",
  "SIGILL",
  "SIGTRAP",
  "SIGABRT",
  "SIGBUS",
  "SIGFPE",
  "SIGKILL",
  "SIGUSR1",
  "SIGSEGV",
  "SIGUSR2",
  "SIGPIPE",
  "SIGALRM",
  "SIGTERM",
  "SIGSTKFLT",
  "SIGCHLD",
  "SIGCONT",
  "SIGSTOP",
  "SIGTSTP",
  "SIGTTIN",
  "SIGTTOU",
  "SIGURG",
  "SIGXCPU",
  "SIGXFSZ",
  "SIGVTALRM",
  "SIGPROF",
  "SIGWINCH",
  "SIGIO",
  "SIGPWR",
  "SIGSYS",
];

export function signalName(signal: number): string {
  return NAMES[signal] ?? `SIGRT_${signal - SIGRTMIN}`;
}

/** si_code of SIGSYS: a filter has said so. */
export const SYS_SECCOMP = 1;
