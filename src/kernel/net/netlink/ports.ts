import { EADDRINUSE } from "../../abi/errno.ts";

/** Port numbers of netlink sockets that are taken ("nl_pid"), for each protocol. */
export class NetlinkPorts {
  static readonly savedFields: readonly string[] = ["taken", "nextAuto"];
  private readonly taken: Map<string, true> = new Map();
  private nextAuto = 0;

  /** Takes a port, or one for a socket that asked for none: the process's id, else a large number. Negative errno. */
  claim(protocol: number, port: number, pid: number): number {
    if (port === 0) {
      port = pid;
      while (this.taken.has(`${protocol}:${port}`)) port = 0xffffffff - 4096 - this.nextAuto++;
    } else if (this.taken.has(`${protocol}:${port}`)) return -EADDRINUSE;
    this.taken.set(`${protocol}:${port}`, true);
    return port;
  }

  release(protocol: number, port: number): void {
    this.taken.delete(`${protocol}:${port}`);
  }
}
