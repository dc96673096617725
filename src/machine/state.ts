/**
 * The CPU state of the running task: a fixed block at linear address 0 of every guest memory (guest address 0x10000).
 *
 * Linear address = guest address - GUEST_BIAS, so guest addresses 0..0xffff wrap out of bounds and trap.
 * Compiled code promotes the variables below to wasm locals inside a region; between regions, and whenever the kernel or a
 * helper looks, this block is the truth. A task switch copies STATE_BYTES bytes out and in.
 */

/** linear = guest - GUEST_BIAS. Keeps page 0 (and the first 64 KiB) unmapped for free. */
export const GUEST_BIAS = 0x10000;

/** Bytes of the state block that belong to a task. */
export const STATE_BYTES = 0x400;

/** Guest addresses below this belong to the state block or are unmapped; the kernel maps nothing there. */
export const GUEST_LOWEST = 0x11000;
/**
 * Where the kernel puts bytes that guest memory is compared with, as a linear address: between the state block and the lowest
 * mapping, where nothing is mapped. Zero but while it is in use.
 */
export const COMPARE_START = 0x8000;
export const COMPARE_BYTES = 0x8000;

/** Offsets (linear addresses) in the state block. */
export const STATE_GPR = 0x000; // 16 x i64: rax rcx rdx rbx rsp rbp rsi rdi r8..r15
export const STATE_RIP = 0x080; // i64
export const STATE_CF = 0x090; // i32 each, 0 or 1
export const STATE_PF = 0x094;
export const STATE_AF = 0x098;
export const STATE_ZF = 0x09c;
export const STATE_SF = 0x0a0;
export const STATE_OF = 0x0a4;
export const STATE_DF = 0x0a8; // 0 or 1
export const STATE_FSBASE = 0x0ac; // i32: guest addresses are below 4 GiB
export const STATE_GSBASE = 0x0b0;
export const STATE_MXCSR = 0x0b4;
/** Why the machine left compiled code: a STOP_ constant; 0 while running. */
export const STATE_STOP = 0x0b8;
/** Detail of the stop: fault address, interrupt vector. */
export const STATE_STOP_INFO = 0x0bc;
/** Loop iterations left before compiled code asks whether to yield: it does when this becomes 0, so it is never less than 1 else. */
export const STATE_FUEL = 0x0c0;
/** Other flags of RFLAGS that software can set and read back (ID, AC, NT, ...), as an RFLAGS image. */
export const STATE_RFLAGS_REST = 0x0c4;
/** Number of the block to go on at, for the region about to be entered (emit/reentry.ts); 0 between regions. */
export const STATE_REENTER = 0x0c8;
/** What a region that is to go on at that number gets less of `depth`, which is negative then. A power of two. */
export const REENTER_DEPTH: number = 1 << 19;
/** Bytes of a unit of depth. A call takes as many as its frames have, the larger of the host's and the guest's (emit/region.ts). */
export const STACK_UNIT = 16;
/** Upper half of a fault's address, and the page fault's error code (FAULT_ bits). */
export const STATE_FAULT_HIGH = 0x0cc;
export const STATE_FAULT_ERROR = 0x0d0;
/** Guest address of the access that was denied by `probe`, and the error code; 0 otherwise. */
export const STATE_DENIED = 0x0d4;
export const STATE_DENIED_ERROR = 0x0d8;
/**
 * Not 0 for a task that has been left with STOP_CODE_AWAITED, until it has gone on: it is in the middle of something, so that no
 * signal can be delivered. From 2 on the number of a fault whose registers are yet to be found.
 */
export const STATE_AWAITED = 0x0dc;
export const STATE_XMM = 0x100; // 16 x 16 bytes
export const STATE_YMM_HIGH = 0x200; // 16 x 16 bytes: upper halves of the ymm registers
export const STATE_X87 = 0x300; // 8 x 16 bytes, physical registers R0..R7: 80-bit extended, 6 bytes unused
export const STATE_FCW = 0x380; // i32 each
export const STATE_FSW = 0x384; // TOP in bits 11..13
export const STATE_FTW = 0x388; // tag word in the abridged FXSAVE form: bit i set = physical register i not empty
export const STATE_FOP = 0x38c;
export const STATE_FIP = 0x390;
export const STATE_FDP = 0x394;
/** 64 bytes through which compiled code hands operands wider than i32 to helpers and takes results back. */
export const STATE_SCRATCH = 0x3c0;

/**
 * Behind the state block, of the process: memory that is known to be writable (linear start, bytes) and to be readable, so that
 * the kernel is not asked again; nothing after a change of mappings (AddressSpace.noteAccess).
 */
export const WRITABLE_RANGE = 0x400, READABLE_RANGE = 0x408;

/**
 * For code that the program may write (lift/code_guard.ts): how often it was left for other code, which may have changed it; and,
 * by a few bits of a region's number, the number of the region that was compared last, and what the counter was then.
 */
export const DEPARTURES = 0x410, COMPARED_START = 0x1000, COMPARED_BYTES = 8, COMPARED_ENTRIES = 256;

/** Register numbers, as in ModRM with REX. */
export const RAX = 0, RCX = 1, RDX = 2, RBX = 3, RSP = 4, RBP = 5, RSI = 6, RDI = 7;
export const R8 = 8, R9 = 9, R10 = 10, R11 = 11, R12 = 12, R13 = 13, R14 = 14, R15 = 15;

/** Stop reasons (STATE_STOP). */
export const STOP_NONE = 0;
/** The kernel's syscall handler asked to leave (blocked, exited, switched, signal to deliver). rip is already after the syscall. */
export const STOP_SYSCALL = 1;
/** Fuel ran out and the kernel wants the CPU; rip is where to go on. */
export const STOP_YIELD = 2;
/** Memory fault; STATE_STOP_INFO is the address if known, else 0. rip is the faulting instruction. */
export const STOP_SEGV = 3;
/** #DE: division error. */
export const STOP_DIVIDE = 4;
/** #UD: invalid or unsupported instruction at rip. */
export const STOP_UNDEFINED = 5;
/** int3; rip is after it. */
export const STOP_BREAKPOINT = 6;
/** Privileged instruction or `int n`: #GP, SIGSEGV in Linux. */
export const STOP_PRIVILEGED = 7;
/** hlt-like stop used by tests: the region ended at a pc the caller asked to stop at. */
export const STOP_TEST = 8;
/** Floating-point exception unmasked (SIGFPE). */
export const STOP_FLOAT = 9;
/**
 * LDMXCSR, FXRSTOR or XRSTOR has asked for other float arithmetic than the code was made for (code_mode.ts); rip is where to go
 * on. Machines go on by themselves, with other code: run() does not return it.
 */
export const STOP_FLOAT_MODE = 10;
/**
 * A system call has changed code, so that what is compiled now is not bound to the code that made the call; or code was entered
 * that has changed, and was not replaced (lift/code_guard.ts). rip is where to go on. Machines go on by themselves: run() does not
 * return it.
 */
export const STOP_CODE_CHANGED = 11;
/**
 * A region with fused products was entered on a host whose wasm rounds them twice; rip is its entry. Machines go on by
 * themselves, with the interpreter: run() does not return it.
 */
export const STOP_NOT_FUSED = 12;
/**
 * The code at rip, or what makes up for code that is missing, is on its way to the host (LaterCode.bring, LaterTranslator): the task
 * can go on when it has arrived (MachineClient.awaitedArrived).
 */
export const STOP_CODE_AWAITED = 13;

/** Error code of a page fault (Intel SDM volume 3, 4.7). */
export const FAULT_PRESENT = 1, FAULT_WRITE = 2, FAULT_USER = 4, FAULT_FETCH = 16;

/** Arithmetic flags as mask bits, the order of STATE_CF.. and of the IR's flag variables. */
export const FLAG_CF = 1, FLAG_PF = 2, FLAG_AF = 4, FLAG_ZF = 8, FLAG_SF = 16, FLAG_OF = 32, FLAG_DF = 64;
/** CF PF AF ZF SF OF. */
export const FLAGS_ARITH = 63;
