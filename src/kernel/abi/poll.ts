/** Readiness bits and the structures of poll, select and epoll: asm-generic/poll.h, linux/eventpoll.h. */

export const POLLIN = 0x1, POLLPRI = 0x2, POLLOUT = 0x4, POLLERR = 0x8, POLLHUP = 0x10, POLLNVAL = 0x20;
export const POLLRDNORM = 0x40, POLLRDBAND = 0x80, POLLWRNORM = 0x100, POLLWRBAND = 0x200, POLLMSG = 0x400;
export const POLLRDHUP = 0x2000;

/** What a readable, writable file shows: IN with RDNORM, OUT with WRNORM, as Linux sets them together. */
export const POLL_READABLE = POLLIN | POLLRDNORM;
export const POLL_WRITABLE = POLLOUT | POLLWRNORM;

/** Reported whether asked for or not. */
export const POLL_ALWAYS = POLLERR | POLLHUP;

export const POLLFD_BYTES = 8;

export const EPOLL_CTL_ADD = 1, EPOLL_CTL_DEL = 2, EPOLL_CTL_MOD = 3;
export const EPOLLEXCLUSIVE = 1 << 28, EPOLLWAKEUP = 1 << 29, EPOLLONESHOT = 1 << 30, EPOLLET = 1 << 31;
/** struct epoll_event is packed on x86-64: u32 events, u64 data. */
export const EPOLL_EVENT_BYTES = 12;
export const EPOLL_CLOEXEC = 0o2000000;

/** select's three sets, in poll's terms (fs/select.c). */
export const SELECT_IN = POLLRDNORM | POLLRDBAND | POLLIN | POLLHUP | POLLERR | POLLNVAL;
export const SELECT_OUT = POLLWRBAND | POLLWRNORM | POLLOUT | POLLERR | POLLNVAL;
export const SELECT_EX = POLLPRI | POLLNVAL;
