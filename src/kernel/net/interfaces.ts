import { ARPHRD_ETHER, ARPHRD_LOOPBACK } from "../abi/socket.ts";
import { IFF_BROADCAST, IFF_LOOPBACK, IFF_LOWER_UP, IFF_MULTICAST, IFF_RUNNING, IFF_UP } from "../abi/socket.ts";

/** A network interface, as ioctls, netlink, /proc/net and /sys/class/net show it. */
export interface NetworkInterface {
  readonly name: string;
  readonly index: number;
  readonly mtu: number;
  readonly queueLength: number;
  /** ARPHRD_ number. */
  readonly type: number;
  /** IFF_ bits. */
  readonly flags: number;
  /** Hardware address and that of everybody. */
  readonly address: readonly number[];
  readonly broadcast: readonly number[];
  /** rtnetlink's IF_OPER_ number, and its word in sysfs. */
  readonly state: number;
  readonly stateName: string;
  readonly ipv4: { readonly address: string; readonly prefix: number; readonly broadcast: string | null };
  readonly ipv6: string | null;
}

const IF_OPER_UNKNOWN = 0, IF_OPER_UP = 6;

/**
 * What a container has: the loopback, and an interface with the address that the first container on a bridge gets. Nothing
 * else is on its network, and no route leads out of it; but libraries ask for an address that is not the loopback's before
 * they will listen anywhere (AI_ADDRCONFIG of getaddrinfo(3)).
 */
export const INTERFACES: readonly NetworkInterface[] = [
  {
    name: "lo",
    index: 1,
    mtu: 65536,
    queueLength: 1000,
    type: ARPHRD_LOOPBACK,
    flags: IFF_UP | IFF_LOOPBACK | IFF_RUNNING | IFF_LOWER_UP,
    address: [0, 0, 0, 0, 0, 0],
    broadcast: [0, 0, 0, 0, 0, 0],
    state: IF_OPER_UNKNOWN,
    stateName: "unknown",
    ipv4: { address: "127.0.0.1", prefix: 8, broadcast: null },
    ipv6: "::1",
  },
  {
    name: "eth0",
    index: 2,
    mtu: 1500,
    queueLength: 1000,
    type: ARPHRD_ETHER,
    flags: IFF_UP | IFF_BROADCAST | IFF_RUNNING | IFF_MULTICAST | IFF_LOWER_UP,
    address: [0x02, 0x42, 0xac, 0x11, 0x00, 0x02],
    broadcast: [255, 255, 255, 255, 255, 255],
    state: IF_OPER_UP,
    stateName: "up",
    ipv4: { address: "172.17.0.2", prefix: 16, broadcast: "172.17.255.255" },
    ipv6: null,
  },
];

/** The address of the interface that is not the loopback. */
export const OWN_ADDRESS = INTERFACES[1].ipv4.address;
