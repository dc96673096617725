import type { Vfs } from "../vfs/vfs.ts";
import { FileSystem } from "../vfs/file_system.ts";
import { Dentry } from "../vfs/dentry.ts";
import { DEV_FULL, DEV_NULL, DEV_PTMX, DEV_RANDOM, DEV_TTY, DEV_URANDOM, DEV_ZERO, DeviceInode } from "./devices.ts";
import { MemoryDirectory, MemorySymlink } from "./memory_inodes.ts";
import { newTmpfs } from "./tmpfs.ts";
import { DevptsFileSystem } from "./tty/devpts.ts";
import { MQUEUE_MAGIC } from "../abi/mqueue.ts";
import { TMPFS_MAGIC } from "../abi/statfs.ts";

const NODES: [string, number][] = [
  ["null", DEV_NULL],
  ["zero", DEV_ZERO],
  ["full", DEV_FULL],
  ["random", DEV_RANDOM],
  ["urandom", DEV_URANDOM],
  ["tty", DEV_TTY],
];

const LINKS: [string, string][] = [
  ["fd", "/proc/self/fd"],
  ["stdin", "/proc/self/fd/0"],
  ["stdout", "/proc/self/fd/1"],
  ["stderr", "/proc/self/fd/2"],
  ["ptmx", "pts/ptmx"],
  ["core", "/proc/kcore"],
];

/** /dev as container runtimes make it (OCI runtime spec, "Default Devices"): a tmpfs with a few nodes and links. */
export function mountDevices(vfs: Vfs): void {
  const fs = new FileSystem("tmpfs", vfs.allocateDev(), TMPFS_MAGIC);
  fs.options = "nosuid,size=65536k,mode=755";
  const directory = new MemoryDirectory(fs, fs.allocateIno(), 0o755, 0, 0);
  fs.root = new Dentry("", null, directory);
  for (const [name, rdev] of NODES) {
    directory.attach(fs.root, name, new DeviceInode(fs, fs.allocateIno(), 0o666, 0, 0, rdev));
  }
  for (const [name, path] of LINKS) {
    directory.attach(fs.root, name, new MemorySymlink(fs, fs.allocateIno(), 0, 0, path));
  }
  directory.attach(fs.root, "pts", new MemoryDirectory(fs, fs.allocateIno(), 0o755, 0, 0));
  for (const name of ["shm", "mqueue"]) {
    directory.attach(fs.root, name, new MemoryDirectory(fs, fs.allocateIno(), 0o1777, 0, 0));
  }
  vfs.mountAt("/dev", fs);
  vfs.devpts = new DevptsFileSystem(
    vfs.allocateDev(),
    (pts) => new DeviceInode(pts, pts.allocateIno(), 0o666, 0, 0, DEV_PTMX),
  );
  vfs.mountAt("/dev/pts", vfs.devpts);
  const shm = newTmpfs(vfs.allocateDev());
  shm.source = "shm";
  shm.options = "nosuid,nodev,noexec,relatime,size=65536k";
  vfs.mountAt("/dev/shm", shm);
  const mqueue = new FileSystem("mqueue", vfs.allocateDev(), MQUEUE_MAGIC);
  mqueue.options = "nosuid,nodev,noexec,relatime";
  mqueue.root = new Dentry("", null, new MemoryDirectory(mqueue, mqueue.allocateIno(), 0o1777, 0, 0));
  vfs.mqueue = mqueue;
  vfs.mountAt("/dev/mqueue", mqueue);
}
