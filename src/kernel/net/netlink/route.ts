import { EINVAL, ENODEV, EOPNOTSUPP, EPERM } from "../../abi/errno.ts";
import * as nl from "../../abi/netlink.ts";
import {
  AF_INET,
  AF_INET6,
  AF_UNSPEC,
  ARPHRD_LOOPBACK,
  IFF_LOOPBACK,
  IFF_LOWER_UP,
  IFF_RUNNING,
  IFF_UP,
} from "../../abi/socket.ts";
import { LOOPBACK_INDEX, LOOPBACK_MTU, LOOPBACK_NAME, LOOPBACK_QUEUE_LENGTH } from "../loopback.ts";
import {
  attribute,
  attributesOf,
  concatenated,
  doneMessage,
  errorMessage,
  message,
  type Request,
  words,
} from "./message.ts";

const LOOPBACK_4 = Uint8Array.of(127, 0, 0, 1), LOOPBACK_6 = Uint8Array.of(...new Uint8Array(15), 1);
const NO_HARDWARE_ADDRESS = new Uint8Array(6);
const FOREVER = 0xffffffff;

/** Makes one message of the answer: `flags` are NLM_F_MULTI in a dump. */
type Answer = (request: Request, port: number, flags: number) => Uint8Array;

/** What can be asked for: everything of a kind that fits the request, or one. */
interface Kind {
  dump(request: Request): readonly Answer[];
  /** A negative errno if there is none. */
  one(request: Request): Answer | number;
}

/** RTM_NEWLINK for the loopback interface (struct ifinfomsg and attributes). */
const link: Answer = (request, port, flags) => {
  const info = new Uint8Array(nl.IFINFOMSG_BYTES), view = new DataView(info.buffer);
  view.setUint16(2, ARPHRD_LOOPBACK, true);
  view.setInt32(4, LOOPBACK_INDEX, true);
  view.setUint32(8, IFF_UP | IFF_LOOPBACK | IFF_RUNNING | IFF_LOWER_UP, true);
  return message(
    nl.RTM_NEWLINK,
    flags,
    request,
    port,
    info,
    attribute(nl.IFLA_IFNAME, LOOPBACK_NAME),
    attribute(nl.IFLA_TXQLEN, LOOPBACK_QUEUE_LENGTH),
    attribute(nl.IFLA_OPERSTATE, Uint8Array.of(0)),
    attribute(nl.IFLA_LINKMODE, Uint8Array.of(0)),
    attribute(nl.IFLA_MTU, LOOPBACK_MTU),
    attribute(nl.IFLA_GROUP, 0),
    attribute(nl.IFLA_PROMISCUITY, 0),
    attribute(nl.IFLA_NUM_TX_QUEUES, 1),
    attribute(nl.IFLA_NUM_RX_QUEUES, 1),
    attribute(nl.IFLA_CARRIER, Uint8Array.of(1)),
    attribute(nl.IFLA_QDISC, "noqueue"),
    attribute(nl.IFLA_ADDRESS, NO_HARDWARE_ADDRESS),
    attribute(nl.IFLA_BROADCAST, NO_HARDWARE_ADDRESS),
    attribute(nl.IFLA_STATS64, new Uint8Array(nl.LINK_STATS64_BYTES)),
    attribute(nl.IFLA_STATS, new Uint8Array(nl.LINK_STATS_BYTES)),
  );
};

/** RTM_NEWADDR (struct ifaddrmsg and attributes). */
const address = (family: number, prefix: number, ...attributes: Uint8Array[]): Answer => (request, port, flags) =>
  message(
    nl.RTM_NEWADDR,
    flags,
    request,
    port,
    Uint8Array.of(family, prefix, nl.IFA_F_PERMANENT, nl.RT_SCOPE_HOST, ...words(LOOPBACK_INDEX)),
    ...attributes,
    attribute(nl.IFA_FLAGS, nl.IFA_F_PERMANENT),
    attribute(nl.IFA_CACHEINFO, words(FOREVER, FOREVER, 0, 0)),
  );

const ADDRESSES: readonly { family: number; answer: Answer }[] = [
  {
    family: AF_INET,
    answer: address(
      AF_INET,
      8,
      attribute(nl.IFA_ADDRESS, LOOPBACK_4),
      attribute(nl.IFA_LOCAL, LOOPBACK_4),
      attribute(nl.IFA_LABEL, LOOPBACK_NAME),
    ),
  },
  { family: AF_INET6, answer: address(AF_INET6, 128, attribute(nl.IFA_ADDRESS, LOOPBACK_6)) },
];

/** RTM_NEWROUTE in the table "local" (struct rtmsg and attributes). */
const route =
  (family: number, prefix: number, scope: number, type: number, ...attributes: Uint8Array[]): Answer =>
  (request, port, flags) =>
    message(
      nl.RTM_NEWROUTE,
      flags,
      request,
      port,
      Uint8Array.of(family, prefix, 0, 0, nl.RT_TABLE_LOCAL, nl.RTPROT_KERNEL, scope, type, 0, 0, 0, 0),
      attribute(nl.RTA_TABLE, nl.RT_TABLE_LOCAL),
      ...attributes,
      attribute(nl.RTA_OIF, LOOPBACK_INDEX),
    );

function route4(ip: Uint8Array, prefix: number, scope: number, type: number) {
  const attributes = [attribute(nl.RTA_DST, ip), attribute(nl.RTA_PREFSRC, LOOPBACK_4)];
  return { family: AF_INET, answer: route(AF_INET, prefix, scope, type, ...attributes) };
}

const ROUTES: readonly { family: number; answer: Answer }[] = [
  route4(Uint8Array.of(127, 0, 0, 0), 8, nl.RT_SCOPE_HOST, nl.RTN_LOCAL),
  route4(LOOPBACK_4, 32, nl.RT_SCOPE_HOST, nl.RTN_LOCAL),
  route4(Uint8Array.of(127, 255, 255, 255), 32, nl.RT_SCOPE_LINK, nl.RTN_BROADCAST),
  {
    family: AF_INET6,
    answer: route(AF_INET6, 128, nl.RT_SCOPE_UNIVERSE, nl.RTN_LOCAL, attribute(nl.RTA_DST, LOOPBACK_6)),
  },
];

/** Rows of the family that a request names in its first byte; 0 is any. */
function ofFamily(rows: readonly { family: number; answer: Answer }[], request: Request): Answer[] {
  const family = request.bytes[nl.NLMSGHDR_BYTES] ?? AF_UNSPEC;
  return rows.filter((row) => family === AF_UNSPEC || row.family === family).map((row) => row.answer);
}

/** The interface that a request for one names, by number or by name. */
function oneLink(request: Request): Answer | number {
  if (request.bytes.length < nl.NLMSGHDR_BYTES + nl.IFINFOMSG_BYTES) return -EINVAL;
  const view = new DataView(request.bytes.buffer, request.bytes.byteOffset);
  const index = view.getInt32(nl.NLMSGHDR_BYTES + 4, true);
  if (index > 0) return index === LOOPBACK_INDEX ? link : -ENODEV;
  const attributes = attributesOf(request, nl.IFINFOMSG_BYTES);
  const name = attributes.get(nl.IFLA_IFNAME) ?? attributes.get(nl.IFLA_ALT_IFNAME);
  if (name === undefined) return -EINVAL;
  return String.fromCharCode(...name).replace(/\0.*$/s, "") === LOOPBACK_NAME ? link : -ENODEV;
}

const none = () => -EOPNOTSUPP;

const KINDS: Readonly<Record<number, Kind>> = {
  [nl.RTM_GETLINK]: { dump: () => [link], one: oneLink },
  [nl.RTM_GETADDR]: { dump: (request) => ofFamily(ADDRESSES, request), one: none },
  [nl.RTM_GETROUTE]: { dump: (request) => ofFamily(ROUTES, request), one: none },
  [nl.RTM_GETNEIGH]: { dump: () => [], one: none },
};

/**
 * rtnetlink(7): what the kernel answers to a request of the socket of `port`, as datagrams. There is one interface, which
 * nobody may change.
 */
export function answerRoute(request: Request, port: number): Uint8Array[] {
  const acknowledged = (error: number) =>
    error !== 0 || (request.flags & nl.NLM_F_ACK) ? [errorMessage(request, port, error)] : [];
  const { type, flags } = request;
  if (!(flags & nl.NLM_F_REQUEST) || type < nl.NLMSG_MIN_TYPE) return acknowledged(0);
  if (type > nl.RTM_MAX) return acknowledged(-EOPNOTSUPP);
  if (request.bytes.length === nl.NLMSGHDR_BYTES) return acknowledged(0);
  if ((type & nl.RTM_KIND_MASK) !== nl.RTM_KIND_GET) return acknowledged(-EPERM);
  const kind = KINDS[type];
  if (kind === undefined) return acknowledged(-EOPNOTSUPP);
  if ((flags & nl.NLM_F_DUMP) !== 0) {
    const rows = kind.dump(request).map((answer) => answer(request, port, nl.NLM_F_MULTI));
    const done = doneMessage(request, port);
    return rows.length === 0 ? [done] : [concatenated(rows), done];
  }
  const answer = kind.one(request);
  if (typeof answer === "number") return acknowledged(answer);
  return [answer(request, port, 0), ...acknowledged(0)];
}
