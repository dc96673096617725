import type { Kernel } from "../../kernel.ts";
import { AF_INET, AF_INET6, AF_UNIX, IPPROTO_UDP, SOCK_DGRAM } from "../../abi/socket.ts";
import { type InetAddress, ipBytes } from "../../net/address.ts";
import type { Socket } from "../../net/socket.ts";
import { Connected } from "../../net/tcp/connected.ts";
import { Connecting } from "../../net/tcp/connecting.ts";
import { Listening } from "../../net/tcp/listening.ts";
import { TcpSocket } from "../../net/tcp/socket.ts";
import { UdpSocket } from "../../net/udp.ts";
import { UnixSocket } from "../../net/unix/socket.ts";
import { Socket as AnySocket } from "../../net/socket.ts";

const HEADER = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";
const HEADER_6 =
  "  sl  local_address                         remote_address                        st tx_queue rx_queue " +
  "tr tm->when retrnsmt   uid  timeout inode";
/** Columns of a row of tcp and udp, filled with spaces; tcp6's rows are not. */
const TCP_WIDTH = 149, UDP_WIDTH = 127;

/** include/net/tcp_states.h */
const TCP_ESTABLISHED = 1, TCP_SYN_SENT = 2, TCP_FIN_WAIT2 = 5, TCP_CLOSE = 7, TCP_CLOSE_WAIT = 8, TCP_LISTEN = 10;

/** The sockets that some process has open. */
export function openSockets(k: Kernel): Socket[] {
  const found = new Set<Socket>();
  for (const p of k.processes.values()) {
    if (p.zombie) continue;
    for (const fd of p.fds.numbers()) {
      const file = p.fds.get(fd);
      if (file instanceof AnySocket) found.add(file);
    }
  }
  return [...found];
}

const hex = (n: number, digits: number) => (n >>> 0).toString(16).toUpperCase().padStart(digits, "0");

/** An address as the kernel prints it: 32-bit words in the machine's byte order, a colon, the port. */
function addressText(domain: number, address: InetAddress | null): string {
  const width = domain === AF_INET ? 4 : 16;
  const bytes = address === null ? new Uint8Array(width) : ipBytes(address.ip);
  const full = bytes.length === width ? bytes : Uint8Array.of(...new Uint8Array(10), 255, 255, ...bytes);
  const view = new DataView(full.buffer, full.byteOffset, width);
  let text = "";
  for (let i = 0; i < width; i += 4) text += hex(view.getUint32(i, true), 8);
  return `${text}:${hex(address?.port ?? 0, 4)}`;
}

/** What the rows of TCP and UDP begin with. */
function inetRow(
  index: number,
  socket: Socket,
  remote: InetAddress | null,
  state: number,
  received: number,
  rest: string,
  digits: number,
): string {
  const addresses = [socket.localAddress() as InetAddress, remote].map((a) => addressText(socket.domain, a)).join(" ");
  return `${String(index).padStart(digits)}: ${addresses} ${hex(state, 2)} 00000000:${hex(received, 8)} 00:00000000 ` +
    `00000000 ${"0".padStart(5)} ${"0".padStart(8)} ${socket.number} ${rest}`;
}

function tcpState(socket: TcpSocket): number {
  const s = socket.state;
  if (s instanceof Listening) return TCP_LISTEN;
  if (s instanceof Connecting) return s.refused ? TCP_CLOSE : TCP_SYN_SENT;
  if (!(s instanceof Connected) || s.end.isOver) return TCP_CLOSE;
  return s.end.finished ? TCP_FIN_WAIT2 : s.end.peer.finished ? TCP_CLOSE_WAIT : TCP_ESTABLISHED;
}

/** Bytes that have come and were not read; the end of the stream counts as one. */
function unread({ end }: Connected): number {
  return end.incoming.length + (end.peer.finished ? 1 : 0);
}

/** /proc/net/tcp, tcp6: sockets without a port are not in it. */
export const tcpTable = (domain: number) => (k: Kernel): string => {
  const rows = openSockets(k)
    .filter((s): s is TcpSocket => s instanceof TcpSocket && s.domain === domain && tcpState(s) !== TCP_CLOSE)
    // Listeners first, as the kernel goes through its tables.
    .sort((a, b) => Number(b.isListening) - Number(a.isListening))
    .map((socket, i) => {
      const s = socket.state, state = tcpState(socket), peer = socket.peerAddress();
      const received = s instanceof Listening ? s.ready.length : s instanceof Connected ? unread(s) : 0;
      const rest = state === TCP_LISTEN ? "1 0000000000000000 100 0 0 10 0" : "1 0000000000000000 20 4 30 10 -1";
      return inetRow(i, socket, typeof peer === "number" ? null : peer as InetAddress, state, received, rest, 4);
    });
  if (domain === AF_INET6) return [HEADER_6, ...rows].map((line) => `${line}\n`).join("");
  return [HEADER, ...rows].map((line) => `${line.padEnd(TCP_WIDTH)}\n`).join("");
};

/** /proc/net/udp, udp6. */
export const udpTable = (domain: number, protocol: number = IPPROTO_UDP) => (k: Kernel): string => {
  const rows = openSockets(k)
    .filter((s): s is UdpSocket =>
      s instanceof UdpSocket && s.protocol === protocol && s.domain === domain && s.binding !== null
    )
    .map((socket) => {
      const peer = socket.peerAddress();
      const state = typeof peer === "number" ? TCP_CLOSE : TCP_ESTABLISHED;
      const remote = typeof peer === "number" ? null : peer as InetAddress;
      // The number is that of the bucket of a hash table; any will do.
      const index = (socket.localAddress() as InetAddress).port & 0xff;
      return inetRow(index, socket, remote, state, socket.queuedBytes, "2 0000000000000000 0", 5);
    });
  if (domain === AF_INET6) return [`${HEADER_6} ref pointer drops`, ...rows].map((line) => `${line}\n`).join("");
  return [`${HEADER} ref pointer drops`.replace("  sl", "   sl"), ...rows]
    .map((line) => `${line.padEnd(UDP_WIDTH)}\n`).join("");
};

/** Header of a table of protocols that nobody can open here. */
export const emptyTable = (domain: number) => (): string => domain === AF_INET6 ? `${HEADER_6}\n` : `${HEADER}\n`;

const SO_ACCEPTCON = 0x10000, SS_UNCONNECTED = 1, SS_CONNECTED = 3;

/** /proc/net/unix (proc_net_unix_seq_show). */
export function unixTable(k: Kernel): string {
  const rows = openSockets(k).filter((s): s is UnixSocket => s instanceof UnixSocket && s.domain === AF_UNIX)
    .map((socket) => {
      const isConnected = typeof socket.peerAddress() !== "number" && socket.type !== SOCK_DGRAM;
      const name = socket.name === "" ? "" : ` ${socket.name.replaceAll("\0", "@")}`;
      return `0000000000000000: ${hex(isConnected ? 3 : 2, 8)} 00000000 ${
        hex(socket.isListening ? SO_ACCEPTCON : 0, 8)
      } ` +
        `${hex(socket.type, 4)} ${hex(isConnected ? SS_CONNECTED : SS_UNCONNECTED, 2)} ` +
        `${String(socket.number).padStart(5)}${name}`;
    });
  return ["Num       RefCount Protocol Flags    Type St Inode Path", ...rows].map((line) => `${line}\n`).join("");
}
