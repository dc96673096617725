import type { FileSystem } from "../vfs/file_system.ts";
import { Inode } from "../vfs/inode.ts";
import { S_IFSOCK } from "../abi/stat.ts";

/** The file that binding a unix socket makes. Cannot be opened (ENXIO); connect() finds the listener through `bound`. */
export class SocketInode extends Inode {
  static override readonly savedFields: readonly string[] = [...Inode.savedFields, "bound"];
  /** The socket bound here, set by the network. */
  bound: unknown = null;

  constructor(fs: FileSystem, ino: number, mode: number, uid: number, gid: number) {
    super(fs, ino, S_IFSOCK | (mode & 0o7777), uid, gid);
  }
}
