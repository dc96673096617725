import { EACCES, EADDRINUSE, ECONNREFUSED, EEXIST, EINVAL, EROFS } from "../../abi/errno.ts";
import { AT_FDCWD } from "../../abi/fcntl.ts";
import { S_IFSOCK } from "../../abi/stat.ts";
import { SocketInode } from "../../fs/socket_inode.ts";
import type { Kernel } from "../../kernel.ts";
import { decodeBytes } from "../../memory/byte_string.ts";
import type { Task } from "../../task/task.ts";
import { enterNew, newInode, walkToNew } from "../../vfs/create.ts";
import { LOOKUP_FOLLOW } from "../../vfs/path.ts";
import { MAY_WRITE, permission } from "../../vfs/permission.ts";
import type { UnixSocket } from "./socket.ts";

/** Which sockets have which names: abstract ones, and socket files in the vfs (unix(7)). */
export class UnixNames {
  static readonly savedFields: readonly string[] = ["abstract", "nextAuto"];
  private readonly abstract: Map<string, UnixSocket> = new Map();
  private nextAuto = 1;

  /** Gives the socket a name. 0 or a negative errno. */
  bind(k: Kernel, t: Task, socket: UnixSocket, name: string): number {
    if (name === "") return this.autobind(socket);
    if (name[0] === "\0") {
      if (this.abstract.has(name)) return -EADDRINUSE;
      this.abstract.set(name, socket);
      socket.name = name;
      return 0;
    }
    const found = walkToNew(k, t, AT_FDCWD, pathOf(name), false);
    if (found < 0) return found === -EEXIST ? -EADDRINUSE : found;
    const { parent, last } = k.vfs.walker;
    const inode = newInode(k, t, parent.inode, S_IFSOCK | (0o777 & ~t.process.fs.umask));
    if (typeof inode === "number") return inode;
    (inode as SocketInode).bound = socket;
    enterNew(k, parent, last, inode);
    socket.name = name;
    socket.inode = inode as SocketInode;
    return 0;
  }

  /** bind() with the family alone: five hexadecimal digits in the abstract name space. */
  private autobind(socket: UnixSocket): number {
    if (socket.name !== "") return -EINVAL;
    let name: string;
    do name = `\0${(this.nextAuto++ & 0xfffff).toString(16).padStart(5, "0")}`; while (this.abstract.has(name));
    this.abstract.set(name, socket);
    socket.name = name;
    return 0;
  }

  /** The socket of a name, or a negative errno. */
  find(k: Kernel, t: Task, name: string): UnixSocket | number {
    if (name === "") return -EINVAL;
    if (name[0] === "\0") return this.abstract.get(name) ?? -ECONNREFUSED;
    const result = k.vfs.walker.walk(k, t, AT_FDCWD, pathOf(name), LOOKUP_FOLLOW);
    if (result < 0) return result;
    const { inode } = k.vfs.walker.dentry!;
    const refused = permission(t.process.credentials, inode, MAY_WRITE);
    if (refused !== 0) return refused === -EROFS ? -EACCES : refused;
    return inode instanceof SocketInode && inode.bound !== null ? inode.bound as UnixSocket : -ECONNREFUSED;
  }

  /** The socket is closed. Its file stays; connecting to it is refused from now on. */
  forget(socket: UnixSocket): void {
    if (socket.name[0] === "\0") this.abstract.delete(socket.name);
    if (socket.inode !== null) socket.inode.bound = null;
  }
}

/** The path that a name means: names are bytes in latin1, paths are what those bytes say. */
function pathOf(name: string): string {
  return decodeBytes(Uint8Array.from(name, (c) => c.charCodeAt(0)));
}
