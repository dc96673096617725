import type { Kernel } from "../kernel.ts";
import type { Task } from "../task/task.ts";
import type { Dentry } from "../vfs/dentry.ts";
import { FileDescription } from "../vfs/file_description.ts";
import type { Inode } from "../vfs/inode.ts";
import { encodeBytes } from "../memory/byte_string.ts";
import {
  IN_ALL_EVENTS,
  IN_DELETE_SELF,
  IN_IGNORED,
  IN_ISDIR,
  IN_MASK_ADD,
  IN_MASK_CREATE,
  IN_ONESHOT,
  IN_Q_OVERFLOW,
  INOTIFY_EVENT_BYTES,
} from "../abi/inotify.ts";
import { EAGAIN, EEXIST, EINVAL } from "../abi/errno.ts";
import { POLL_READABLE } from "../abi/poll.ts";

/** fs.inotify.max_queued_events. */
const MAX_QUEUED_EVENTS = 16384;

/** One inode watched by one inotify instance. */
export class InotifyWatch {
  static readonly savedFields: readonly string[] = ["instance", "inode", "wd", "mask"];
  constructor(
    readonly instance: InotifyDescription,
    readonly inode: Inode,
    readonly wd: number,
    public mask: number,
  ) {}
}

interface QueuedEvent {
  wd: number;
  mask: number;
  cookie: number;
  name: string;
}

/** An inotify instance (inotify(7)): watches, and the events that wait to be read. */
export class InotifyDescription extends FileDescription {
  static override readonly savedFields: readonly string[] = [
    ...FileDescription.savedFields,
    "watches",
    "events",
    "nextWd",
  ];
  private readonly watches = new Map<number, InotifyWatch>();
  private events: QueuedEvent[] = [];
  private nextWd = 1;

  poll(): number {
    return this.events.length > 0 ? POLL_READABLE : 0;
  }
  /** There is no position, but seeking is no error (noop_llseek). */
  override seek(): number {
    return this.offset;
  }

  describe(): string {
    return "anon_inode:inotify";
  }

  /** inotify_add_watch on an inode: its watch descriptor. */
  addWatch(k: Kernel, inode: Inode, mask: number): number {
    if ((mask & (IN_MASK_ADD | IN_MASK_CREATE)) >>> 0 === (IN_MASK_ADD | IN_MASK_CREATE)) return -EINVAL;
    const existing = inode.watches?.find((w) => w.instance === this);
    const events = mask & ~(IN_MASK_ADD | IN_MASK_CREATE);
    if (existing) {
      if (mask & IN_MASK_CREATE) return -EEXIST;
      existing.mask = mask & IN_MASK_ADD ? existing.mask | events : events;
      return existing.wd;
    }
    const watch = new InotifyWatch(this, inode, this.nextWd++, events);
    this.watches.set(watch.wd, watch);
    (inode.watches ??= []).push(watch);
    k.vfs.watchCount++;
    return watch.wd;
  }

  /** inotify_rm_watch. */
  removeWatch(k: Kernel, wd: number): number {
    const watch = this.watches.get(wd);
    if (watch === undefined) return -EINVAL;
    this.drop(k, watch);
    return 0;
  }

  /** Ends a watch and says so with IN_IGNORED. */
  drop(k: Kernel, watch: InotifyWatch): void {
    this.unlink(k, watch);
    this.queue(watch.wd, IN_IGNORED, 0, "");
  }

  private unlink(k: Kernel, watch: InotifyWatch): void {
    this.watches.delete(watch.wd);
    const { inode } = watch;
    const left = inode.watches!.filter((w) => w !== watch);
    inode.watches = left.length > 0 ? left : null;
    k.vfs.watchCount--;
  }

  queue(wd: number, mask: number, cookie: number, name: string): void {
    const last = this.events[this.events.length - 1];
    // Identical events in a row are one.
    if (last && last.wd === wd && last.mask === mask && last.cookie === cookie && last.name === name) return;
    if (this.events.length === MAX_QUEUED_EVENTS) {
      this.events.push({ wd: -1, mask: IN_Q_OVERFLOW, cookie: 0, name: "" });
    } else if (this.events.length < MAX_QUEUED_EVENTS) this.events.push({ wd, mask, cookie, name });
    this.readiness.wake();
  }

  override read(_k: Kernel, _t: Task, bytes: Uint8Array, at: number, length: number): number {
    if (this.events.length === 0) return -EAGAIN;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let done = 0, taken = 0;
    for (const e of this.events) {
      const name = encodeBytes(e.name);
      // The name is padded with NULs to a multiple of the header.
      const padded = name.length === 0 ? 0 : (name.length + INOTIFY_EVENT_BYTES) & ~(INOTIFY_EVENT_BYTES - 1);
      if (done + INOTIFY_EVENT_BYTES + padded > length) break;
      const p = at + done;
      view.setInt32(p, e.wd, true);
      view.setUint32(p + 4, e.mask >>> 0, true);
      view.setUint32(p + 8, e.cookie, true);
      view.setUint32(p + 12, padded, true);
      bytes.fill(0, p + INOTIFY_EVENT_BYTES, p + INOTIFY_EVENT_BYTES + padded);
      bytes.set(name, p + INOTIFY_EVENT_BYTES);
      done += INOTIFY_EVENT_BYTES + padded;
      taken++;
    }
    this.events.splice(0, taken);
    return taken === 0 ? -EINVAL : done;
  }

  override bytesReadable(): number {
    let n = 0;
    for (const e of this.events) {
      const name = encodeBytes(e.name).length;
      n += INOTIFY_EVENT_BYTES + (name === 0 ? 0 : (name + INOTIFY_EVENT_BYTES) & ~(INOTIFY_EVENT_BYTES - 1));
    }
    return n;
  }

  override release(k: Kernel): void {
    for (const watch of [...this.watches.values()]) this.unlink(k, watch);
  }
}

/** Tells the watches on the inode itself and those on its directory, which also learn the name. */
export function notify(k: Kernel, d: Dentry, mask: number): void {
  if (k.vfs.watchCount === 0) return;
  notifyChange(k, d, d.inode.isDirectory ? mask | IN_ISDIR : mask);
  notifySelf(k, d.inode, d.inode.isDirectory ? mask | IN_ISDIR : mask);
}

/** Tells the watches on the directory that holds the name. */
export function notifyChange(k: Kernel, d: Dentry, mask: number, cookie = 0): void {
  if (k.vfs.watchCount === 0 || d.parent === null) return;
  send(k, d.parent.inode, mask, cookie, d.name);
}

/** Tells the watches on the inode itself. */
export function notifySelf(k: Kernel, inode: Inode, mask: number): void {
  if (k.vfs.watchCount !== 0) send(k, inode, mask, 0, "");
}

function send(k: Kernel, inode: Inode, mask: number, cookie: number, name: string): void {
  if (inode.watches === null) return;
  for (const w of inode.watches.slice()) {
    if (!(w.mask & mask & IN_ALL_EVENTS)) continue;
    w.instance.queue(w.wd, mask, cookie, name);
    if (w.mask & IN_ONESHOT) w.instance.drop(k, w);
  }
}

/** The inode is gone: watches on it end. */
export function notifyDeleted(k: Kernel, inode: Inode): void {
  if (inode.watches === null) return;
  notifySelf(k, inode, IN_DELETE_SELF);
  for (const w of inode.watches?.slice() ?? []) w.instance.drop(k, w);
}
