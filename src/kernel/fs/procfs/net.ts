import { AF_INET, AF_INET6, IFF_LOOPBACK, IPPROTO_UDPLITE } from "../../abi/socket.ts";
import { netmask, networkOf } from "../../net/address.ts";
import { INTERFACES } from "../../net/interfaces.ts";
import { emptyTable, tcpTable, udpTable, unixTable } from "./net_tables.ts";
import type { GeneratedTree } from "./tree.ts";

function header(text: string): () => string {
  return () => `${text}\n`;
}

const COUNTERS = [
  "Inter-|   Receive                                                |  Transmit",
  " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed",
  ...INTERFACES.map(({ name }) =>
    `${
      name.padStart(6)
    }:       0       0    0    0    0     0          0         0        0       0    0    0    0     0       0          0`
  ),
].join("\n");

/** The network of each interface but the loopback; numbers are in the machine's byte order. */
function routes(): string {
  const rows = INTERFACES.filter((i) => !(i.flags & IFF_LOOPBACK)).map(({ name, ipv4 }) => {
    const network = reversed(networkOf(ipv4.address, ipv4.prefix)), mask = reversed(netmask(ipv4.prefix));
    return `${name}\t${network}\t00000000\t0001\t0\t0\t0\t${mask}\t0\t0\t0`.padEnd(127);
  });
  const title = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT".padEnd(127);
  return [title, ...rows].map((line) => `${line}\n`).join("");
}

const reversed = (bytes: Uint8Array) =>
  Array.from(bytes, (byte) => byte.toString(16).toUpperCase().padStart(2, "0")).reverse().join("");

/** /proc/net (proc_net(5)): the sockets that are open, and tables without rows. */
export const netTree: GeneratedTree = {
  dev: header(COUNTERS),
  if_inet6: () => "00000000000000000000000000000001 01 80 10 80       lo\n",
  route: routes,
  ipv6_route: () => "",
  arp: header("IP address       HW type     Flags       HW address            Mask     Device"),
  tcp: tcpTable(AF_INET),
  tcp6: tcpTable(AF_INET6),
  udp: udpTable(AF_INET),
  udp6: udpTable(AF_INET6),
  udplite: udpTable(AF_INET, IPPROTO_UDPLITE),
  udplite6: udpTable(AF_INET6, IPPROTO_UDPLITE),
  raw: emptyTable(AF_INET),
  raw6: emptyTable(AF_INET6),
  unix: unixTable,
  snmp: () => "",
  netstat: () => "",
  sockstat: () => "sockets: used 0\nTCP: inuse 0 orphan 0 tw 0 alloc 0 mem 0\nUDP: inuse 0 mem 0\n",
  protocols: () => "",
};
