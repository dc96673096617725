import { AF_INET, AF_INET6, IPPROTO_UDPLITE } from "../../abi/socket.ts";
import { emptyTable, tcpTable, udpTable, unixTable } from "./net_tables.ts";
import type { GeneratedTree } from "./tree.ts";

function header(text: string): () => string {
  return () => `${text}\n`;
}

const LOOPBACK = [
  "Inter-|   Receive                                                |  Transmit",
  " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed",
  "    lo:       0       0    0    0    0     0          0         0        0       0    0    0    0     0       0          0",
].join("\n");

/** /proc/net (proc_net(5)): the sockets that are open, and tables without rows. */
export const netTree: GeneratedTree = {
  dev: header(LOOPBACK),
  if_inet6: () => "00000000000000000000000000000001 01 80 10 80       lo\n",
  route: header("Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT"),
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
