/** What a container's runtime puts over the image: the files by which a machine knows its own name. */
import type { Kernel } from "../kernel/kernel.ts";
import { MemoryDirectory, MemoryFile } from "../kernel/fs/memory_inodes.ts";
import { encodeBytes } from "../kernel/memory/byte_string.ts";
import { OWN_ADDRESS } from "../kernel/net/interfaces.ts";
import { ATIME, CTIME, MTIME } from "../kernel/vfs/inode.ts";

const HOSTS = [
  "127.0.0.1\tlocalhost",
  "::1\tlocalhost ip6-localhost ip6-loopback",
  "fe00::0\tip6-localnet",
  "ff00::0\tip6-mcastprefix",
  "ff02::1\tip6-allnodes",
  "ff02::2\tip6-allrouters",
];

/**
 * There is no name server: who asks on the loopback is refused at once. musl's resolver does not look at refusals and waits
 * its time, so that is short.
 */
const RESOLVER = ["nameserver 127.0.0.11", "options ndots:0 timeout:1 attempts:1"];

/**
 * Gives /etc/hosts, /etc/hostname and /etc/resolv.conf a content where the image has none: images have these files empty or not
 * at all, since a runtime always mounts its own over them.
 */
export function provideRuntimeFiles(k: Kernel): void {
  const own = k.hostname === "localhost" ? [] : [`${OWN_ADDRESS}\t${k.hostname}`];
  provide(k, "hosts", [...HOSTS, ...own]);
  provide(k, "hostname", [k.hostname]);
  provide(k, "resolv.conf", RESOLVER);
}

function provide(k: Kernel, name: string, lines: readonly string[]): void {
  const etc = k.vfs.directoryAt("/etc") ?? k.vfs.makeDirectory("/etc", 0o755), directory = etc.inode;
  if (!(directory instanceof MemoryDirectory)) return;
  const known = directory.child(etc, name), inode = known?.inode ?? newFile(k, directory);
  if (!(inode instanceof MemoryFile) || inode.size > 0) return;
  const bytes = encodeBytes(lines.map((line) => `${line}\n`).join(""));
  inode.contents.write(bytes, 0, bytes.length, 0);
  inode.touch(k, ATIME | MTIME | CTIME);
  if (known === null) directory.attach(etc, name, inode);
}

function newFile(k: Kernel, directory: MemoryDirectory): MemoryFile {
  const file = new MemoryFile(directory.fs, directory.fs.allocateIno(), 0o644, 0, 0);
  file.touch(k, ATIME | MTIME | CTIME);
  return file;
}
