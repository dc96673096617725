import type { Kernel } from "../kernel.ts";
import { FileDescription } from "./file_description.ts";
import type { WaitObserver } from "../wait_queue.ts";
import { EPOLL_EVENT_BYTES, EPOLLET, EPOLLONESHOT, POLL_ALWAYS, POLL_READABLE } from "../abi/poll.ts";
import { EEXIST, ELOOP, ENOENT } from "../abi/errno.ts";

/** Bits of epoll_event.events that are not readiness. */
const PRIVATE_BITS = 0xf0000000;
/** How deep epoll instances may watch each other (EP_MAX_NESTS). */
const MAX_NESTS = 4;

/** A file watched by an epoll instance, under the descriptor it was added with. */
export class EpollItem implements WaitObserver {
  static readonly savedFields: readonly string[] = [
    "epoll",
    "fd",
    "description",
    "events",
    "dataLow",
    "dataHigh",
    "queued",
    "nextOfFd",
  ];
  events = 0;
  /** epoll_data, as it came. */
  dataLow = 0;
  dataHigh = 0;
  /** On the ready list. */
  queued = false;
  /** Another item under the same number: the number was closed and reused while a dup kept the first file open. */
  nextOfFd: EpollItem | null = null;

  constructor(readonly epoll: EpollDescription, readonly fd: number, readonly description: FileDescription) {}

  onReadinessChange(): void {
    this.epoll.enqueue(this);
  }

  /** Readiness that the guest wants to hear of; 0 also for a one-shot item that has fired. */
  poll(): number {
    const events = this.events & ~PRIVATE_BITS;
    return events === 0 ? 0 : this.description.poll() & (events | POLL_ALWAYS);
  }
}

/**
 * An epoll instance (epoll(7)). Watched files push their items on the ready list when their wait queue is woken; waiting
 * looks at that list alone. Level-triggered items go back to its end after they were reported, and leave it when a look
 * finds them no longer ready.
 */
export class EpollDescription extends FileDescription {
  static override readonly savedFields: readonly string[] = [...FileDescription.savedFields, "items", "ready"];
  private readonly items = new Map<number, EpollItem>();
  private readonly ready: EpollItem[] = [];

  /** There is no position, but seeking is no error (noop_llseek). */
  override seek(): number {
    return this.offset;
  }

  describe(): string {
    return "anon_inode:[eventpoll]";
  }

  poll(): number {
    for (const item of this.ready) {
      if (item.queued && item.description.refs > 0 && item.poll() !== 0) return POLL_READABLE;
    }
    return 0;
  }

  enqueue(item: EpollItem): void {
    if (item.queued || (item.events & ~PRIVATE_BITS) === 0) return;
    item.queued = true;
    this.ready.push(item);
    this.readiness.wake();
  }

  add(fd: number, description: FileDescription, events: number, dataLow: number, dataHigh: number): number {
    if (this.find(fd, description) !== null) return -EEXIST;
    if (description instanceof EpollDescription) {
      if (description.reaches(this) || description.depthBelow() + 1 + this.depthAbove() > MAX_NESTS) return -ELOOP;
    }
    this.forgetClosed(fd);
    const item = new EpollItem(this, fd, description);
    item.nextOfFd = this.items.get(fd) ?? null;
    this.items.set(fd, item);
    description.readiness.observers.push(item);
    this.set(item, events, dataLow, dataHigh);
    return 0;
  }

  modify(fd: number, description: FileDescription, events: number, dataLow: number, dataHigh: number): number {
    const item = this.find(fd, description);
    if (item === null) return -ENOENT;
    this.set(item, events, dataLow, dataHigh);
    return 0;
  }

  delete(fd: number, description: FileDescription): number {
    const item = this.find(fd, description);
    if (item === null) return -ENOENT;
    this.remove(item);
    return 0;
  }

  find(fd: number, description: FileDescription): EpollItem | null {
    let item = this.items.get(fd) ?? null;
    while (item !== null && item.description !== description) item = item.nextOfFd;
    return item;
  }

  private set(item: EpollItem, events: number, dataLow: number, dataHigh: number): void {
    item.events = (events | POLL_ALWAYS) | 0;
    item.dataLow = dataLow;
    item.dataHigh = dataHigh;
    if (item.poll() !== 0) this.enqueue(item);
  }

  /** Writes at most `max` ready events as struct epoll_event at `at`; returns how many. */
  harvest(view: DataView, at: number, max: number): number {
    const ready = this.ready, count = ready.length;
    let n = 0, looked = 0;
    for (; looked < count && n < max; looked++) {
      const item = ready[looked];
      if (!item.queued) continue; // Deleted while it was on the list.
      item.queued = false;
      if (item.description.refs === 0) {
        this.remove(item);
        continue;
      }
      const events = item.poll();
      if (events === 0) continue;
      view.setUint32(at, events, true);
      view.setUint32(at + 4, item.dataLow, true);
      view.setUint32(at + 8, item.dataHigh, true);
      at += EPOLL_EVENT_BYTES;
      n++;
      if (item.events & EPOLLONESHOT) item.events &= PRIVATE_BITS;
      else if (!(item.events & EPOLLET)) {
        item.queued = true;
        ready.push(item);
      }
    }
    ready.copyWithin(0, looked);
    for (let i = 0; i < looked; i++) ready.pop();
    return n;
  }

  /** How many items there are at most to harvest. */
  get readyCount(): number {
    return this.ready.length;
  }

  private remove(item: EpollItem): void {
    item.queued = false;
    item.events = 0;
    const first = this.items.get(item.fd);
    if (first === item) {
      if (item.nextOfFd === null) this.items.delete(item.fd);
      else this.items.set(item.fd, item.nextOfFd);
    } else {
      for (let i = first ?? null; i !== null; i = i.nextOfFd) if (i.nextOfFd === item) i.nextOfFd = item.nextOfFd;
    }
    const { observers } = item.description.readiness;
    const at = observers.indexOf(item);
    if (at >= 0) observers.splice(at, 1);
  }

  /** Closing the last descriptor of a file takes it out of all epoll sets (epoll(7), Q6); seen when its number comes back. */
  private forgetClosed(fd: number): void {
    for (let item = this.items.get(fd) ?? null; item !== null;) {
      const next = item.nextOfFd;
      if (item.description.refs === 0) this.remove(item);
      item = next;
    }
  }

  /** Whether this instance watches `other`, directly or through others. */
  private reaches(other: EpollDescription): boolean {
    if (other === this) return true;
    for (const { description } of this.items.values()) {
      if (description instanceof EpollDescription && description.reaches(other)) return true;
    }
    return false;
  }

  private depthBelow(): number {
    let depth = 0;
    for (const { description } of this.items.values()) {
      if (description instanceof EpollDescription) depth = Math.max(depth, description.depthBelow() + 1);
    }
    return depth;
  }

  private depthAbove(): number {
    let depth = 0;
    for (const o of this.readiness.observers) {
      if (o instanceof EpollItem) depth = Math.max(depth, o.epoll.depthAbove() + 1);
    }
    return depth;
  }

  override fdinfo(): string {
    let text = "";
    for (const first of this.items.values()) {
      for (let item: EpollItem | null = first; item !== null; item = item.nextOfFd) {
        const events = (item.events >>> 0).toString(16).padStart(8, " ");
        text += `tfd: ${String(item.fd).padStart(8, " ")} events: ${events} data: ${
          data(item.dataHigh, item.dataLow).padStart(16, " ")
        }\n`;
      }
    }
    return text;
  }

  override release(_k: Kernel): void {
    for (const first of [...this.items.values()]) {
      for (let item: EpollItem | null = first; item !== null;) {
        const next: EpollItem | null = item.nextOfFd;
        this.remove(item);
        item = next;
      }
    }
  }
}

function data(high: number, low: number): string {
  return high === 0 ? (low >>> 0).toString(16) : (high >>> 0).toString(16) + (low >>> 0).toString(16).padStart(8, "0");
}
