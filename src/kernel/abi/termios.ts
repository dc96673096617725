/** Terminal settings (asm-generic/termbits.h); numbers of the ioctls are in ioctl.ts. */

// c_iflag
export const ISTRIP = 0o40, INLCR = 0o100, IGNCR = 0o200, ICRNL = 0o400, IXON = 0o2000, IXANY = 0o4000;
export const IMAXBEL = 0o20000, IUTF8 = 0o40000;
// c_oflag
export const OPOST = 1, ONLCR = 4, OCRNL = 0o10, ONOCR = 0o20, ONLRET = 0o40, TABDLY = 0o14000, XTABS = 0o14000;
// c_cflag
export const CS8 = 0o60, CREAD = 0o200, B38400 = 0o17;
// c_lflag
export const ISIG = 1, ICANON = 2, ECHO = 0o10, ECHOE = 0o20, ECHOK = 0o40, ECHONL = 0o100, NOFLSH = 0o200;
export const TOSTOP = 0o400, ECHOCTL = 0o1000, ECHOPRT = 0o2000, ECHOKE = 0o4000, IEXTEN = 0o100000;

/** Indices of c_cc. */
export const VINTR = 0, VQUIT = 1, VERASE = 2, VKILL = 3, VEOF = 4, VTIME = 5, VMIN = 6, VSTART = 8, VSTOP = 9;
export const VSUSP = 10, VEOL = 11, VREPRINT = 12, VWERASE = 14, VLNEXT = 15, VEOL2 = 16;
export const NCCS = 19;
/** What a new terminal has in c_cc (INIT_C_CC): ^C ^\ DEL ^U ^D 0 1 0 ^Q ^S ^Z 0 ^R ^O ^W ^V 0. */
export const INITIAL_CC: readonly number[] = [3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22, 0, 0, 0];

/** struct termios: iflag, oflag, cflag, lflag (u32 each), line u8, cc; struct termios2 has two speeds (u32) after it. */
export const TERMIOS_BYTES = 36, TERMIOS2_BYTES = 44;
/** struct winsize: rows, columns, width, height (u16 each). */
export const WINSIZE_BYTES = 8;
/** Longest line of canonical mode, and room for input that nobody has read. */
export const N_TTY_BUF_SIZE = 4096;
/** tcflush(3), tcflow(3). */
export const TCIFLUSH = 0, TCOFLUSH = 1, TCIOFLUSH = 2, TCOOFF = 0, TCOON = 1, TCIOFF = 2, TCION = 3;
