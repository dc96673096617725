import { EINVAL, ENODEV, ENOPROTOOPT, EPERM } from "../abi/errno.ts";
import * as nl from "../abi/netlink.ts";
import * as abi from "../abi/socket.ts";

/** /proc/sys/net/core/{r,w}mem_max: what a buffer size is cut to before it is doubled (socket(7)). */
const BUFFER_MAX = 212992;
const SEND_BUFFER_MIN = 4608, RECEIVE_BUFFER_MIN = 2304;

/** How an option's int is taken. */
interface OptionRow {
  readonly initial: number;
  /** The value to keep, or undefined to refuse. Absent: the option is read-only. */
  readonly accept?: (value: number, privileged: boolean) => number | undefined;
  /** errno of a refusal; EINVAL if absent. */
  readonly errno?: number;
}

/** Kept as 0 or 1. */
const flag = (initial = 0): OptionRow => ({ initial, accept: (v) => v === 0 ? 0 : 1 });
const int = (initial: number, min = -0x80000000, max = 0x7fffffff): OptionRow => ({
  initial,
  accept: (v) => v < min || v > max ? undefined : v,
});
const buffer = (initial: number, min: number): OptionRow => ({
  initial,
  accept: (v) => Math.max(2 * Math.min(v >>> 0, BUFFER_MAX), min),
});
const privilegedInt: OptionRow = { initial: 0, errno: EPERM, accept: (v, privileged) => privileged ? v : undefined };
const privilegedFlag: OptionRow = {
  initial: 0,
  errno: EPERM,
  accept: (v, privileged) => v === 0 ? 0 : privileged ? 1 : undefined,
};
const refusedWith = (errno: number): OptionRow => ({ initial: 0, errno, accept: () => undefined });
/** Hop counts: -1 stands for the default. */
const hops = (initial: number): OptionRow => ({
  initial,
  accept: (v) => v < -1 || v > 255 ? undefined : v === -1 ? initial : v,
});

const SOCKET_ROWS: Readonly<Record<number, OptionRow>> = {
  [abi.SO_DEBUG]: privilegedFlag,
  [abi.SO_REUSEADDR]: flag(),
  [abi.SO_DONTROUTE]: flag(),
  [abi.SO_BROADCAST]: flag(),
  [abi.SO_SNDBUF]: buffer(BUFFER_MAX, SEND_BUFFER_MIN),
  [abi.SO_RCVBUF]: buffer(BUFFER_MAX, RECEIVE_BUFFER_MIN),
  [abi.SO_SNDBUFFORCE]: privilegedInt,
  [abi.SO_RCVBUFFORCE]: privilegedInt,
  [abi.SO_KEEPALIVE]: flag(),
  [abi.SO_OOBINLINE]: flag(),
  [abi.SO_NO_CHECK]: flag(),
  [abi.SO_PRIORITY]: {
    initial: 0,
    errno: EPERM,
    accept: (v, privileged) => (v >= 0 && v <= 6) || privileged ? v : undefined,
  },
  [abi.SO_REUSEPORT]: flag(),
  [abi.SO_PASSCRED]: flag(),
  // Minimum to wait for; as in Linux 0 means 1.
  [abi.SO_RCVLOWAT]: { initial: 1, accept: (v) => v < 0 ? 0x7fffffff : v || 1 },
  [abi.SO_SNDLOWAT]: { initial: 1 },
  [abi.SO_TIMESTAMP]: flag(),
  [abi.SO_TIMESTAMPNS]: flag(),
  [abi.SO_TIMESTAMPING]: int(0),
  [abi.SO_PASSSEC]: flag(),
  [abi.SO_MARK]: privilegedInt,
  [abi.SO_RXQ_OVFL]: flag(),
  [abi.SO_PEEK_OFF]: int(-1),
  [abi.SO_BUSY_POLL]: int(0, 0),
  [abi.SO_PREFER_BUSY_POLL]: flag(),
  [abi.SO_MAX_PACING_RATE]: int(-1),
  [abi.SO_INCOMING_CPU]: int(-1),
  [abi.SO_ZEROCOPY]: flag(),
};

const TCP_ROWS: Readonly<Record<number, OptionRow>> = {
  [abi.TCP_NODELAY]: flag(),
  [abi.TCP_MAXSEG]: {
    initial: 65483,
    accept: (v) => v === 0 || (v >= 88 && v <= 32767) ? (v || 65483) : undefined,
  },
  [abi.TCP_CORK]: flag(),
  [abi.TCP_KEEPIDLE]: int(7200, 1, 32767),
  [abi.TCP_KEEPINTVL]: int(75, 1, 32767),
  [abi.TCP_KEEPCNT]: int(9, 1, 127),
  [abi.TCP_SYNCNT]: int(6, 1, 127),
  [abi.TCP_LINGER2]: int(60),
  [abi.TCP_DEFER_ACCEPT]: int(0),
  [abi.TCP_WINDOW_CLAMP]: int(0),
  [abi.TCP_QUICKACK]: flag(1),
  [abi.TCP_USER_TIMEOUT]: int(0, 0),
  [abi.TCP_FASTOPEN]: int(0, 0),
  [abi.TCP_FASTOPEN_CONNECT]: flag(),
  [abi.TCP_TIMESTAMP]: int(0),
  [abi.TCP_NOTSENT_LOWAT]: int(0),
};

const IP_ROWS: Readonly<Record<number, OptionRow>> = {
  [abi.IP_TOS]: { initial: 0, accept: (v) => v & 0xff },
  [abi.IP_TTL]: { initial: 64, accept: (v) => v === -1 ? 64 : v < 1 || v > 255 ? undefined : v },
  [abi.IP_PKTINFO]: flag(),
  [abi.IP_MTU_DISCOVER]: int(1, 0, 5),
  [abi.IP_RECVERR]: flag(),
  [abi.IP_RECVTTL]: flag(),
  [abi.IP_RECVTOS]: flag(),
  [abi.IP_MTU]: { initial: 65536 },
  [abi.IP_FREEBIND]: flag(),
  [abi.IP_TRANSPARENT]: privilegedFlag,
  [abi.IP_BIND_ADDRESS_NO_PORT]: flag(),
  [abi.IP_MULTICAST_IF]: int(0),
  [abi.IP_MULTICAST_TTL]: hops(1),
  [abi.IP_MULTICAST_LOOP]: flag(1),
  [abi.IP_MULTICAST_ALL]: flag(1),
  // The loopback interface carries no multicast.
  [abi.IP_ADD_MEMBERSHIP]: refusedWith(ENODEV),
  [abi.IP_DROP_MEMBERSHIP]: refusedWith(ENODEV),
  [abi.IP_LOCAL_PORT_RANGE]: int(0),
};

const IPV6_ROWS: Readonly<Record<number, OptionRow>> = {
  [abi.IPV6_UNICAST_HOPS]: hops(64),
  [abi.IPV6_MULTICAST_IF]: int(0),
  [abi.IPV6_MULTICAST_HOPS]: hops(1),
  [abi.IPV6_MULTICAST_LOOP]: flag(1),
  [abi.IPV6_ADD_MEMBERSHIP]: refusedWith(ENODEV),
  [abi.IPV6_DROP_MEMBERSHIP]: refusedWith(ENODEV),
  [abi.IPV6_MTU_DISCOVER]: int(1, 0, 5),
  [abi.IPV6_MTU]: { initial: 65536 },
  [abi.IPV6_RECVERR]: flag(),
  [abi.IPV6_V6ONLY]: flag(),
  [abi.IPV6_RECVPKTINFO]: flag(),
  [abi.IPV6_RECVHOPLIMIT]: flag(),
  [abi.IPV6_RECVTCLASS]: flag(),
  [abi.IPV6_TCLASS]: { initial: 0, accept: (v) => v < -1 || v > 255 ? undefined : v & 0xff },
  [abi.IPV6_FREEBIND]: flag(),
};

/** Bytes that the checksum covers: at least the header of 8, and 0 is all. */
const coverage: OptionRow = { initial: 0, accept: (v) => v === 0 ? 0 : Math.min(0xffff, Math.max(8, v)) };
const UDPLITE_ROWS: Readonly<Record<number, OptionRow>> = {
  [abi.UDPLITE_SEND_CSCOV]: coverage,
  [abi.UDPLITE_RECV_CSCOV]: coverage,
};

const NETLINK_ROWS: Readonly<Record<number, OptionRow>> = {
  [nl.NETLINK_ADD_MEMBERSHIP]: int(0),
  [nl.NETLINK_DROP_MEMBERSHIP]: int(0),
  [nl.NETLINK_PKTINFO]: flag(),
  [nl.NETLINK_BROADCAST_ERROR]: flag(),
  [nl.NETLINK_NO_ENOBUFS]: flag(),
  [nl.NETLINK_LISTEN_ALL_NSID]: privilegedFlag,
  [nl.NETLINK_CAP_ACK]: flag(),
  [nl.NETLINK_EXT_ACK]: flag(),
  [nl.NETLINK_GET_STRICT_CHK]: flag(),
};

const LEVELS: Readonly<Record<number, Readonly<Record<number, OptionRow>>>> = {
  [abi.SOL_SOCKET]: SOCKET_ROWS,
  [abi.SOL_TCP]: TCP_ROWS,
  [abi.SOL_IP]: IP_ROWS,
  [abi.SOL_IPV6]: IPV6_ROWS,
  [nl.SOL_NETLINK]: NETLINK_ROWS,
  [abi.SOL_UDPLITE]: UDPLITE_ROWS,
};

/** SO_LINGER. */
export interface Linger {
  readonly on: boolean;
  readonly seconds: number;
}

const NO_LINGER: Linger = { on: false, seconds: 0 };

/**
 * What a guest has set on a socket. Most options steer machinery that does not exist here (there is no wire); they are
 * checked, kept and given back as Linux would.
 */
export class SocketOptions {
  static readonly savedFields: readonly string[] = [
    "values",
    "shared",
    "linger",
    "receiveTimeoutNs",
    "sendTimeoutNs",
    "congestion",
    "device",
  ];
  /** By level * 65536 + name; absent is the initial value. Shared with the listener until one of the two sets something. */
  private values: Map<number, number> | null = null;
  private shared = false;
  linger: Linger = NO_LINGER;
  receiveTimeoutNs = Infinity;
  sendTimeoutNs = Infinity;
  congestion = "cubic";
  device = "";

  /** What accept() gives the new socket. */
  inherit(): SocketOptions {
    const child = new SocketOptions();
    child.values = this.values;
    child.shared = this.shared = this.values !== null;
    child.linger = this.linger;
    child.receiveTimeoutNs = this.receiveTimeoutNs;
    child.sendTimeoutNs = this.sendTimeoutNs;
    child.congestion = this.congestion;
    child.device = this.device;
    return child;
  }

  /** Whether the guest (or the listener, before accept) has set the option. */
  isSet(level: number, name: number): boolean {
    return this.values?.has(level * 65536 + name) ?? false;
  }

  get isAnySet(): boolean {
    return this.values !== null;
  }

  /** The value of an option that is an int, or undefined if Linux knows no such option. */
  get(level: number, name: number): number | undefined {
    return this.values?.get(level * 65536 + name) ?? LEVELS[level]?.[name]?.initial;
  }

  has(level: number, name: number): boolean {
    return this.get(level, name) === 1;
  }

  /** 0 or a negative errno. */
  set(level: number, name: number, value: number, privileged: boolean): number {
    const row = LEVELS[level]?.[name];
    if (row?.accept === undefined) return -ENOPROTOOPT;
    const accepted = row.accept(value, privileged);
    if (accepted === undefined) return -(row.errno ?? EINVAL);
    if (this.values === null) this.values = new Map();
    else if (this.shared) this.values = new Map(this.values);
    this.shared = false;
    this.values.set(level * 65536 + name, accepted);
    return 0;
  }
}
