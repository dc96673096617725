import { EAFNOSUPPORT, EINVAL } from "../../abi/errno.ts";
import { AF_UNIX, SOL_SOCKET } from "../../abi/socket.ts";
import type { SocketInode } from "../../fs/socket_inode.ts";
import type { Kernel } from "../../kernel.ts";
import type { Task } from "../../task/task.ts";
import type { SocketAddress, UnixAddress } from "../address.ts";
import { type PeerCredentials, Socket } from "../socket.ts";

/** What AF_UNIX sockets of all types share: a name and credentials. */
export abstract class UnixSocket extends Socket {
  static override readonly savedFields: readonly string[] = [...Socket.savedFields, "name", "inode", "credentials"];
  /** "" while unnamed. */
  name = "";
  /** The socket file, if the name is a path. */
  inode: SocketInode | null = null;
  /** The peer's credentials, as they were when it connected, listened or made the pair. */
  protected credentials: PeerCredentials | null = null;

  constructor(number: number, type: number) {
    super(number, AF_UNIX, type, 0);
  }

  override knowsLevel(level: number): boolean {
    return level === SOL_SOCKET;
  }

  bind(k: Kernel, t: Task, address: SocketAddress): number {
    if (address.family !== AF_UNIX) return -EINVAL;
    if (this.name !== "") return -EINVAL;
    return k.net.unix.bind(k, t, this, address.name);
  }

  localAddress(): UnixAddress {
    return { family: AF_UNIX, name: this.name };
  }

  override peerCredentials(): PeerCredentials | null {
    return this.credentials;
  }
}

/** The name in an address for connect() or sendto(), or a negative errno. */
export function unixName(address: SocketAddress): string | number {
  return address.family === AF_UNIX ? address.name : address.family === 0 ? -EAFNOSUPPORT : -EINVAL;
}
