/** Socket constants and layouts of Linux on x86-64 (include/uapi/linux/{socket,in,in6,un,tcp}.h, asm-generic/socket.h). */

export const AF_UNSPEC = 0, AF_UNIX = 1, AF_INET = 2, AF_INET6 = 10, AF_NETLINK = 16;

export const SOCK_STREAM = 1, SOCK_DGRAM = 2, SOCK_RAW = 3, SOCK_SEQPACKET = 5;
export const SOCK_TYPE_MASK = 0xf;
export const SOCK_NONBLOCK = 0o4000, SOCK_CLOEXEC = 0o2000000;

export const IPPROTO_IP = 0,
  IPPROTO_ICMP = 1,
  IPPROTO_TCP = 6,
  IPPROTO_UDP = 17,
  IPPROTO_IPV6 = 41,
  IPPROTO_UDPLITE = 136;

export const SHUT_RD = 0, SHUT_WR = 1, SHUT_RDWR = 2;

/** What listen() cuts its argument to (/proc/sys/net/core/somaxconn). */
export const SOMAXCONN = 4096;

export const SOL_SOCKET = 1, SOL_IP = 0, SOL_TCP = 6, SOL_UDP = 17, SOL_IPV6 = 41;

// SOL_SOCKET
export const SO_DEBUG = 1, SO_REUSEADDR = 2, SO_TYPE = 3, SO_ERROR = 4, SO_DONTROUTE = 5, SO_BROADCAST = 6;
export const SO_SNDBUF = 7, SO_RCVBUF = 8, SO_KEEPALIVE = 9, SO_OOBINLINE = 10, SO_NO_CHECK = 11, SO_PRIORITY = 12;
export const SO_LINGER = 13, SO_REUSEPORT = 15, SO_PASSCRED = 16, SO_PEERCRED = 17, SO_RCVLOWAT = 18, SO_SNDLOWAT = 19;
export const SO_RCVTIMEO = 20, SO_SNDTIMEO = 21, SO_BINDTODEVICE = 25, SO_ATTACH_FILTER = 26, SO_DETACH_FILTER = 27;
export const SO_PEERNAME = 28, SO_TIMESTAMP = 29, SO_ACCEPTCONN = 30, SO_PEERSEC = 31, SO_SNDBUFFORCE = 32;
export const SO_RCVBUFFORCE = 33, SO_PASSSEC = 34, SO_TIMESTAMPNS = 35, SO_MARK = 36, SO_TIMESTAMPING = 37;
export const SO_PROTOCOL = 38, SO_DOMAIN = 39, SO_RXQ_OVFL = 40, SO_PEEK_OFF = 42, SO_LOCK_FILTER = 44;
export const SO_BUSY_POLL = 46, SO_MAX_PACING_RATE = 47, SO_INCOMING_CPU = 49, SO_ATTACH_BPF = 50, SO_COOKIE = 57;
export const SO_PEERGROUPS = 59, SO_ZEROCOPY = 60, SO_RCVTIMEO_NEW = 66, SO_SNDTIMEO_NEW = 67, SO_PREFER_BUSY_POLL = 69;

// SOL_TCP
export const TCP_NODELAY = 1, TCP_MAXSEG = 2, TCP_CORK = 3, TCP_KEEPIDLE = 4, TCP_KEEPINTVL = 5, TCP_KEEPCNT = 6;
export const TCP_SYNCNT = 7,
  TCP_LINGER2 = 8,
  TCP_DEFER_ACCEPT = 9,
  TCP_WINDOW_CLAMP = 10,
  TCP_INFO = 11,
  TCP_QUICKACK = 12;
export const TCP_CONGESTION = 13, TCP_USER_TIMEOUT = 18, TCP_FASTOPEN = 23, TCP_TIMESTAMP = 24, TCP_NOTSENT_LOWAT = 25;
export const TCP_FASTOPEN_CONNECT = 30, TCP_ULP = 31;

// SOL_IP
export const IP_TOS = 1,
  IP_TTL = 2,
  IP_OPTIONS = 4,
  IP_PKTINFO = 8,
  IP_MTU_DISCOVER = 10,
  IP_RECVERR = 11,
  IP_RECVTTL = 12;
export const IP_RECVTOS = 13, IP_MTU = 14, IP_FREEBIND = 15, IP_TRANSPARENT = 19, IP_BIND_ADDRESS_NO_PORT = 24;
export const IP_MULTICAST_IF = 32, IP_MULTICAST_TTL = 33, IP_MULTICAST_LOOP = 34, IP_ADD_MEMBERSHIP = 35;
export const IP_DROP_MEMBERSHIP = 36, IP_MULTICAST_ALL = 49, IP_LOCAL_PORT_RANGE = 51;

// SOL_IPV6
export const IPV6_UNICAST_HOPS = 16, IPV6_MULTICAST_IF = 17, IPV6_MULTICAST_HOPS = 18, IPV6_MULTICAST_LOOP = 19;
export const IPV6_ADD_MEMBERSHIP = 20,
  IPV6_DROP_MEMBERSHIP = 21,
  IPV6_MTU_DISCOVER = 23,
  IPV6_MTU = 24,
  IPV6_RECVERR = 25;
export const IPV6_V6ONLY = 26, IPV6_RECVPKTINFO = 49, IPV6_PKTINFO = 50, IPV6_RECVHOPLIMIT = 51;
export const IPV6_HOPLIMIT = 52, IPV6_RECVTCLASS = 66;
export const IPV6_TCLASS = 67, IPV6_FREEBIND = 78;

// SOL_UDPLITE
export const SOL_UDPLITE = 136, UDPLITE_SEND_CSCOV = 10, UDPLITE_RECV_CSCOV = 11;

// send, recv
export const MSG_OOB = 0x1,
  MSG_PEEK = 0x2,
  MSG_DONTROUTE = 0x4,
  MSG_CTRUNC = 0x8,
  MSG_TRUNC = 0x20,
  MSG_DONTWAIT = 0x40;
export const MSG_EOR = 0x80, MSG_WAITALL = 0x100, MSG_CONFIRM = 0x800, MSG_ERRQUEUE = 0x2000, MSG_NOSIGNAL = 0x4000;
export const MSG_MORE = 0x8000, MSG_WAITFORONE = 0x10000, MSG_ZEROCOPY = 0x4000000, MSG_FASTOPEN = 0x20000000;
export const MSG_CMSG_CLOEXEC = 0x40000000;

// ancillary data
export const SCM_RIGHTS = 1, SCM_CREDENTIALS = 2;
/** Most descriptors in one message (unix(7)). */
export const SCM_MAX_FD = 253;

// ioctl requests that sockets know
export const FIONREAD = 0x541b, TIOCOUTQ = 0x5411, SIOCATMARK = 0x8905;
export const SIOCGIFNAME = 0x8910, SIOCGIFCONF = 0x8912, SIOCGIFFLAGS = 0x8913, SIOCGIFADDR = 0x8915;
export const SIOCGIFBRDADDR = 0x8919, SIOCGIFNETMASK = 0x891b, SIOCGIFMETRIC = 0x891d, SIOCGIFMTU = 0x8921;
export const SIOCGIFHWADDR = 0x8927, SIOCGIFINDEX = 0x8933, SIOCGIFTXQLEN = 0x8942;
export const IFF_UP = 0x1,
  IFF_BROADCAST = 0x2,
  IFF_LOOPBACK = 0x8,
  IFF_MULTICAST = 0x1000,
  IFF_RUNNING = 0x40,
  IFF_LOWER_UP = 0x10000;
export const ARPHRD_ETHER = 1, ARPHRD_LOOPBACK = 772;

// layouts
export const SOCKADDR_IN_BYTES = 16; // family u16, port be16, address be32, 8 bytes of nothing
export const SOCKADDR_IN6_BYTES = 28; // family u16, port be16, flowinfo be32, address 16, scope u32
export const SOCKADDR_IN6_SHORTEST = 24; // RFC 2133 had no scope: Linux still takes it (SIN6_LEN_RFC2133)
export const SOCKADDR_UN_BYTES = 110; // family u16, path 108
export const SOCKADDR_STORAGE_BYTES = 128;
export const UCRED_BYTES = 12; // pid, uid, gid

/** struct msghdr. */
export const MSGHDR_NAME = 0, MSGHDR_NAMELEN = 8, MSGHDR_IOV = 16, MSGHDR_IOVLEN = 24, MSGHDR_CONTROL = 32;
export const MSGHDR_CONTROLLEN = 40, MSGHDR_FLAGS = 48, MSGHDR_BYTES = 56;
/** struct mmsghdr: a msghdr and the bytes moved. */
export const MMSGHDR_LEN = 56, MMSGHDR_BYTES = 64;
/** struct cmsghdr: length u64 (with the header), level i32, type i32; data is aligned to 8. */
export const CMSGHDR_BYTES = 16;
export const UIO_MAXIOV = 1024;
