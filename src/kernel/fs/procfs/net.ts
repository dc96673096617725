import type { GeneratedTree } from "./tree.ts";

const TCP_HEADER = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";
const IPV6_PAD = "                         ";

function header(text: string): () => string {
  return () => `${text}\n`;
}

const LOOPBACK = [
  "Inter-|   Receive                                                |  Transmit",
  " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed",
  "    lo:       0       0    0    0    0     0          0         0        0       0    0    0    0     0       0          0",
].join("\n");

/** /proc/net: tables without rows, for programs that look whether a protocol is there. */
export const netTree: GeneratedTree = {
  dev: header(LOOPBACK),
  if_inet6: () => "00000000000000000000000000000001 01 80 10 80       lo\n",
  route: header("Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT"),
  ipv6_route: () => "",
  arp: header("IP address       HW type     Flags       HW address            Mask     Device"),
  tcp: header(TCP_HEADER),
  tcp6: header(
    TCP_HEADER.replace("local_address", `local_address${IPV6_PAD}`).replace("rem_address", `rem_address${IPV6_PAD}`),
  ),
  udp: header(`${TCP_HEADER} ref pointer drops`),
  udp6: header(`${TCP_HEADER} ref pointer drops`),
  raw: header(`${TCP_HEADER} ref pointer drops`),
  unix: header("Num       RefCount Protocol Flags    Type St Inode Path"),
  snmp: () => "",
  netstat: () => "",
  sockstat: () => "sockets: used 0\nTCP: inuse 0 orphan 0 tw 0 alloc 0 mem 0\nUDP: inuse 0 mem 0\n",
  protocols: () => "",
};
