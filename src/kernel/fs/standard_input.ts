import type { Kernel } from "../kernel.ts";
import { Dentry } from "../vfs/dentry.ts";
import type { FileDescription } from "../vfs/file_description.ts";
import { NullDevice } from "./devices.ts";
import { MemoryDirectory } from "./memory_inodes.ts";
import { FifoInode, PipeEnd } from "./pipe.ts";
import { O_RDONLY, O_WRONLY } from "../abi/fcntl.ts";

/** Standard input of a program that gets none: /dev/null, as `docker run` without -i has it. */
export function emptyInput(k: Kernel): FileDescription {
  const dev = k.vfs.directoryAt("/dev")!;
  const dentry = (dev.inode as MemoryDirectory).child(dev, "null")!;
  const d = new NullDevice(dentry, dentry.inode);
  d.statusFlags = O_RDONLY;
  return d;
}

/** Standard input with these bytes in it and an end after them: a pipe whose writer is gone. */
export function inputOf(k: Kernel, bytes: Uint8Array): FileDescription {
  const { pipefs } = k.vfs;
  const inode = new FifoInode(pipefs, pipefs.allocateIno(), 0o600, 0, 0);
  const dentry = new Dentry(`pipe:[${inode.ino}]`, null, inode);
  const writer = new PipeEnd(dentry, inode, O_WRONLY);
  const reader = new PipeEnd(dentry, inode, O_RDONLY);
  inode.buffer.setCapacity(bytes.length);
  inode.buffer.put(bytes, 0, bytes.length);
  writer.release(k);
  return reader;
}
