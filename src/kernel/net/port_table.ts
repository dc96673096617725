import { EADDRINUSE } from "../abi/errno.ts";
import { AF_INET6 } from "../abi/socket.ts";
import { isWildcard, unmapped } from "./address.ts";

/** The range that /proc/sys/net/ipv4/ip_local_port_range shows by default. */
const EPHEMERAL_FIRST = 32768, EPHEMERAL_LAST = 60999;

/**
 * A claim on a port. A listener and the connections accepted from it hold one together, so that the port stays taken while
 * connections live, as in Linux.
 */
export class PortBinding {
  static readonly savedFields: readonly string[] = [
    "family",
    "ip",
    "port",
    "v6only",
    "reuseAddress",
    "reusePort",
    "uid",
    "listening",
    "holders",
  ];
  reuseAddress = false;
  reusePort = false;
  uid = 0;
  listening = false;
  holders = 1;

  /** `ip` is IPv4 as such, never mapped. */
  constructor(readonly family: number, readonly ip: string, readonly port: number, readonly v6only: boolean) {}
}

/** Ports of one protocol. */
export class PortTable {
  static readonly savedFields: readonly string[] = ["bindings", "nextEphemeral"];
  private bindings: Map<number, PortBinding[]> = new Map();
  private nextEphemeral = EPHEMERAL_FIRST;

  /** Enters the claim, or -EADDRINUSE. Port 0 asks for a free one. */
  claim(
    family: number,
    ip: string,
    port: number,
    sharing: { v6only: boolean; reuseAddress: boolean; reusePort: boolean; uid: number },
  ): PortBinding | number {
    if (port === 0) {
      port = this.freePort();
      if (port === 0) return -EADDRINUSE;
    }
    const binding = new PortBinding(family, unmapped(ip), port, family === AF_INET6 && sharing.v6only);
    binding.reuseAddress = sharing.reuseAddress;
    binding.reusePort = sharing.reusePort;
    binding.uid = sharing.uid;
    if (this.conflicts(binding)) return -EADDRINUSE;
    const there = this.bindings.get(port);
    if (there === undefined) this.bindings.set(port, [binding]);
    else there.push(binding);
    return binding;
  }

  /** Gives one hold back. */
  release(binding: PortBinding): void {
    if (--binding.holders > 0) return;
    const there = this.bindings.get(binding.port)!;
    there.splice(there.indexOf(binding), 1);
    if (there.length === 0) this.bindings.delete(binding.port);
  }

  /** listen() on a bound port: another listener may have come since bind() under SO_REUSEADDR. */
  mayListen(binding: PortBinding): boolean {
    return !this.bindings.get(binding.port)!.some((other) =>
      other !== binding && other.listening && overlap(other, binding) && !shareByPort(other, binding)
    );
  }

  isFree(port: number): boolean {
    return !this.bindings.has(port);
  }

  private conflicts(binding: PortBinding): boolean {
    const there = this.bindings.get(binding.port);
    return there !== undefined && there.some((other) => overlap(other, binding) && !mayShare(other, binding));
  }

  private freePort(): number {
    for (let tries = EPHEMERAL_LAST - EPHEMERAL_FIRST; tries >= 0; tries--) {
      const port = this.nextEphemeral;
      this.nextEphemeral = port === EPHEMERAL_LAST ? EPHEMERAL_FIRST : port + 1;
      if (this.isFree(port)) return port;
    }
    return 0;
  }
}

// inet_csk_bind_conflict(): SO_REUSEADDR shares with all but listeners, SO_REUSEPORT with others of the same user that set it.
function mayShare(a: PortBinding, b: PortBinding): boolean {
  return (a.reuseAddress && b.reuseAddress && !a.listening && !b.listening) || shareByPort(a, b);
}

function shareByPort(a: PortBinding, b: PortBinding): boolean {
  return a.reusePort && b.reusePort && a.uid === b.uid;
}

/** inet_rcv_saddr_equal(): whether some packet could be meant for both. */
function overlap(a: PortBinding, b: PortBinding): boolean {
  if (isDual(a) || isDual(b)) return true;
  const aIs6 = a.family === AF_INET6 && a.ip.includes(":"), bIs6 = b.family === AF_INET6 && b.ip.includes(":");
  if (aIs6 !== bIs6) return false;
  return a.ip === b.ip || isWildcard(a.ip) || isWildcard(b.ip);
}

/** "::" without IPV6_V6ONLY takes IPv4, too. */
function isDual(a: PortBinding): boolean {
  return a.family === AF_INET6 && a.ip === "::" && !a.v6only;
}

/** How well a binding fits a packet's destination: 0 not at all; an exact address beats a wildcard, IPv4 beats dual-stack. */
export function matchScore(binding: PortBinding, ip: string): number {
  if (binding.ip === ip) return 4;
  if (!isWildcard(binding.ip)) return 0;
  const wants6 = ip.includes(":");
  if (binding.family === AF_INET6) return binding.ip === "::" && (wants6 || !binding.v6only) ? (wants6 ? 3 : 2) : 0;
  return wants6 ? 0 : 3;
}
