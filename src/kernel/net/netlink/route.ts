import { EINVAL, ENODEV, EOPNOTSUPP, EPERM } from "../../abi/errno.ts";
import * as nl from "../../abi/netlink.ts";
import { AF_INET, AF_INET6, AF_UNSPEC, IFF_LOOPBACK } from "../../abi/socket.ts";
import { ipBytes, networkOf } from "../address.ts";
import { INTERFACES, type NetworkInterface } from "../interfaces.ts";
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

const FOREVER = 0xffffffff;

/** Makes one message of the answer: `flags` are NLM_F_MULTI in a dump. */
type Answer = (request: Request, port: number, flags: number) => Uint8Array;

/** What can be asked for: everything of a kind that fits the request, or one. */
interface Kind {
  dump(request: Request): readonly Answer[];
  /** A negative errno if there is none. */
  one(request: Request): Answer | number;
}

/** RTM_NEWLINK (struct ifinfomsg and attributes). */
const link = (i: NetworkInterface): Answer => (request, port, flags) => {
  const info = new Uint8Array(nl.IFINFOMSG_BYTES), view = new DataView(info.buffer);
  view.setUint16(2, i.type, true);
  view.setInt32(4, i.index, true);
  view.setUint32(8, i.flags, true);
  return message(
    nl.RTM_NEWLINK,
    flags,
    request,
    port,
    info,
    attribute(nl.IFLA_IFNAME, i.name),
    attribute(nl.IFLA_TXQLEN, i.queueLength),
    attribute(nl.IFLA_OPERSTATE, Uint8Array.of(i.state)),
    attribute(nl.IFLA_LINKMODE, Uint8Array.of(0)),
    attribute(nl.IFLA_MTU, i.mtu),
    attribute(nl.IFLA_GROUP, 0),
    attribute(nl.IFLA_PROMISCUITY, 0),
    attribute(nl.IFLA_NUM_TX_QUEUES, 1),
    attribute(nl.IFLA_NUM_RX_QUEUES, 1),
    attribute(nl.IFLA_CARRIER, Uint8Array.of(1)),
    attribute(nl.IFLA_QDISC, "noqueue"),
    attribute(nl.IFLA_ADDRESS, Uint8Array.from(i.address)),
    attribute(nl.IFLA_BROADCAST, Uint8Array.from(i.broadcast)),
    attribute(nl.IFLA_STATS64, new Uint8Array(nl.LINK_STATS64_BYTES)),
    attribute(nl.IFLA_STATS, new Uint8Array(nl.LINK_STATS_BYTES)),
  );
};

/** RTM_NEWADDR (struct ifaddrmsg and attributes). */
const address =
  (i: NetworkInterface, family: number, prefix: number, scope: number, ...attributes: Uint8Array[]): Answer =>
  (request, port, flags) =>
    message(
      nl.RTM_NEWADDR,
      flags,
      request,
      port,
      Uint8Array.of(family, prefix, nl.IFA_F_PERMANENT, scope, ...words(i.index)),
      ...attributes,
      attribute(nl.IFA_FLAGS, nl.IFA_F_PERMANENT),
      attribute(nl.IFA_CACHEINFO, words(FOREVER, FOREVER, 0, 0)),
    );

interface Row {
  readonly family: number;
  readonly answer: Answer;
}

const isLoopback = (i: NetworkInterface) => (i.flags & IFF_LOOPBACK) !== 0;

function address4(i: NetworkInterface): Row {
  const { address: ip, prefix, broadcast } = i.ipv4;
  const attributes = [attribute(nl.IFA_ADDRESS, ipBytes(ip)), attribute(nl.IFA_LOCAL, ipBytes(ip))];
  if (broadcast !== null) attributes.push(attribute(nl.IFA_BROADCAST, ipBytes(broadcast)));
  attributes.push(attribute(nl.IFA_LABEL, i.name));
  const scope = isLoopback(i) ? nl.RT_SCOPE_HOST : nl.RT_SCOPE_UNIVERSE;
  return { family: AF_INET, answer: address(i, AF_INET, prefix, scope, ...attributes) };
}

const ADDRESSES: readonly Row[] = [
  ...INTERFACES.map(address4),
  ...INTERFACES.filter((i) => i.ipv6 !== null).map((i) => ({
    family: AF_INET6,
    answer: address(i, AF_INET6, 128, nl.RT_SCOPE_HOST, attribute(nl.IFA_ADDRESS, ipBytes(i.ipv6!))),
  })),
];

/** What a route is: table, scope and type as struct rtmsg has them. */
type Route = { table: number; scope: number; type: number };

/** RTM_NEWROUTE (struct rtmsg and attributes). */
const route = (
  i: NetworkInterface,
  family: number,
  prefix: number,
  { table, scope, type }: Route,
  ...attributes: Uint8Array[]
): Answer =>
(request, port, flags) =>
  message(
    nl.RTM_NEWROUTE,
    flags,
    request,
    port,
    Uint8Array.of(family, prefix, 0, 0, table, nl.RTPROT_KERNEL, scope, type, 0, 0, 0, 0),
    attribute(nl.RTA_TABLE, table),
    ...attributes,
    attribute(nl.RTA_OIF, i.index),
  );

function routes4(i: NetworkInterface): Row[] {
  const { address: ip, prefix, broadcast } = i.ipv4, table = nl.RT_TABLE_LOCAL;
  const here: Route = { table, scope: nl.RT_SCOPE_HOST, type: nl.RTN_LOCAL };
  const onLink: Route = { table: nl.RT_TABLE_MAIN, scope: nl.RT_SCOPE_LINK, type: nl.RTN_UNICAST };
  const toAll: Route = { table, scope: nl.RT_SCOPE_LINK, type: nl.RTN_BROADCAST };
  const row = (to: Uint8Array, length: number, how: Route): Row => ({
    family: AF_INET,
    answer: route(
      i,
      AF_INET,
      length,
      how,
      attribute(nl.RTA_DST, to),
      attribute(nl.RTA_PREFSRC, ipBytes(ip)),
    ),
  });
  const network = row(networkOf(ip, prefix), prefix, isLoopback(i) ? here : onLink);
  return [network, row(ipBytes(ip), 32, here), row(ipBytes(broadcast ?? "127.255.255.255"), 32, toAll)];
}

const ROUTES: readonly Row[] = [
  ...routes4(INTERFACES[1]).slice(0, 1),
  ...routes4(INTERFACES[0]),
  ...routes4(INTERFACES[1]).slice(1),
  {
    family: AF_INET6,
    answer: route(
      INTERFACES[0],
      AF_INET6,
      128,
      { table: nl.RT_TABLE_LOCAL, scope: nl.RT_SCOPE_UNIVERSE, type: nl.RTN_LOCAL },
      attribute(nl.RTA_DST, ipBytes("::1")),
    ),
  },
];

/** Rows of the family that a request names in its first byte; 0 is any. */
function ofFamily(rows: readonly Row[], request: Request): Answer[] {
  const family = request.bytes[nl.NLMSGHDR_BYTES] ?? AF_UNSPEC;
  return rows.filter((row) => family === AF_UNSPEC || row.family === family).map((row) => row.answer);
}

/** The interface that a request for one names, by number or by name. */
function oneLink(request: Request): Answer | number {
  if (request.bytes.length < nl.NLMSGHDR_BYTES + nl.IFINFOMSG_BYTES) return -EINVAL;
  const view = new DataView(request.bytes.buffer, request.bytes.byteOffset);
  const index = view.getInt32(nl.NLMSGHDR_BYTES + 4, true);
  const answerFor = (i: NetworkInterface | undefined) => i === undefined ? -ENODEV : link(i);
  if (index > 0) return answerFor(INTERFACES.find((i) => i.index === index));
  const attributes = attributesOf(request, nl.IFINFOMSG_BYTES);
  const name = attributes.get(nl.IFLA_IFNAME) ?? attributes.get(nl.IFLA_ALT_IFNAME);
  if (name === undefined) return -EINVAL;
  const text = String.fromCharCode(...name).replace(/\0.*$/s, "");
  return answerFor(INTERFACES.find((i) => i.name === text));
}

const none = () => -EOPNOTSUPP;

const KINDS: Readonly<Record<number, Kind>> = {
  [nl.RTM_GETLINK]: { dump: () => INTERFACES.map(link), one: oneLink },
  [nl.RTM_GETADDR]: { dump: (request) => ofFamily(ADDRESSES, request), one: none },
  [nl.RTM_GETROUTE]: { dump: (request) => ofFamily(ROUTES, request), one: none },
  [nl.RTM_GETNEIGH]: { dump: () => [], one: none },
};

/**
 * rtnetlink(7): what the kernel answers to a request of the socket of `port`, as datagrams. Nobody may
 * change an interface.
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
