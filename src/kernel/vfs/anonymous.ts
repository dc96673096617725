import type { Kernel } from "../kernel.ts";
import { Dentry } from "./dentry.ts";
import type { FileDescription } from "./file_description.ts";
import { Inode } from "./inode.ts";
import { S_IFSOCK } from "../abi/stat.ts";

/** Inode of what has no file: sockets, epoll, eventfd, timerfd, ... Cannot be opened again through /proc/self/fd (ENXIO). */
export class AnonymousInode extends Inode {}

/** The dentry of an open file. Descriptions that were opened by no path get one without a parent the first time it is asked for. */
export function describedDentry(k: Kernel, description: FileDescription): Dentry {
  return description.dentry ?? (description.dentry = makeAnonymous(k, description.describe()));
}

function makeAnonymous(k: Kernel, name: string): Dentry {
  if (name.startsWith("socket:")) {
    // The number in the name is the inode number, as `ss` and /proc/net expect.
    const fs = k.vfs.sockfs;
    const given = Number(name.slice("socket:[".length, -1));
    return new Dentry(name, null, new AnonymousInode(fs, given || fs.allocateIno(), S_IFSOCK | 0o777, 0, 0));
  }
  return new Dentry(name, null, k.vfs.anonymousInode);
}
