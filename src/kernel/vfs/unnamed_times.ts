/** What a jump of the wall clock does to files that have no name any more. */
import type { Kernel } from "../kernel.ts";
import type { Inode } from "./inode.ts";
import { InodeDescription } from "./inode_description.ts";

/**
 * Moves the times of open files without a name by `ms`. Nobody outside knows them, and what a program does with them is to
 * compare their times with the clock: gunicorn's master takes a worker for dead that has not touched its file for so long.
 * Files with names keep theirs, of which fields of responses are made (ETag, Last-Modified).
 */
export function moveUnnamedTimes(k: Kernel, ms: number): void {
  if (ms === 0) return;
  const inodes = new Set<Inode>();
  for (const { fds, space } of k.processes.values()) {
    for (let fd = 0; fd < fds.size; fd++) addUnnamed(inodes, fds.get(fd));
    for (const { file } of space?.vmas ?? []) addUnnamed(inodes, file);
  }
  for (const inode of inodes) move(inode, ms);
}

function addUnnamed(inodes: Set<Inode>, file: unknown): void {
  if (file instanceof InodeDescription && file.inode.nlink === 0) inodes.add(file.inode);
}

function move(inode: Inode, ms: number): void {
  const sec = Math.floor(ms / 1000), nsec = Math.floor((ms - sec * 1000) * 1e6);
  inode.atimeSec += sec + carryOf(inode.atimeNsec += nsec);
  inode.atimeNsec %= SECOND_NS;
  inode.mtimeSec += sec + carryOf(inode.mtimeNsec += nsec);
  inode.mtimeNsec %= SECOND_NS;
  inode.ctimeSec += sec + carryOf(inode.ctimeNsec += nsec);
  inode.ctimeNsec %= SECOND_NS;
}

const SECOND_NS = 1e9;

function carryOf(nsec: number): number {
  return nsec >= SECOND_NS ? 1 : 0;
}
