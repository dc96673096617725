import { EINVAL } from "../abi/errno.ts";
import { SEEK_CUR, SEEK_SET } from "../abi/fcntl.ts";
import { SI_MESGQ } from "../abi/mqueue.ts";
import { POLL_READABLE, POLL_WRITABLE } from "../abi/poll.ts";
import { S_IFREG } from "../abi/stat.ts";
import { SIGEV_SIGNAL } from "../abi/signal.ts";
import type { Kernel } from "../kernel.ts";
import { encodeBytes } from "../memory/byte_string.ts";
import { makeSignal } from "../task/signal.ts";
import { sendToProcess } from "../task/signals.ts";
import type { Process } from "../task/process.ts";
import type { Task } from "../task/task.ts";
import type { Dentry } from "../vfs/dentry.ts";
import type { FileDescription } from "../vfs/file_description.ts";
import type { FileSystem } from "../vfs/file_system.ts";
import { Inode } from "../vfs/inode.ts";
import { InodeDescription } from "../vfs/inode_description.ts";
import { WaitQueue } from "../wait_queue.ts";

export interface PosixMessage {
  readonly priority: number;
  readonly bytes: Uint8Array;
}

/** Who is told when a message comes to an empty queue (mq_notify(3)). */
export interface QueueNotification {
  readonly process: Process;
  /** SIGEV_NONE or SIGEV_SIGNAL. */
  readonly notify: number;
  readonly signal: number;
  readonly valueLow: number;
  readonly valueHigh: number;
}

/** st_size of a queue, and the length of what reading it gives (FILENT_SIZE in ipc/mqueue.c). */
const STATUS_BYTES = 80;

/** A POSIX message queue, a file of the mqueue file system (mq_overview(7)). */
export class PosixQueue extends Inode {
  static override readonly savedFields: readonly string[] = [
    ...Inode.savedFields,
    "maxMessages",
    "messageBytes",
    "messages",
    "receivers",
    "senders",
    "descriptions",
    "notification",
  ];
  /** Highest priority first, the oldest of each first. */
  readonly messages: PosixMessage[] = [];
  readonly receivers = new WaitQueue();
  readonly senders = new WaitQueue();
  readonly descriptions: PosixQueueDescription[] = [];
  notification: QueueNotification | null = null;

  constructor(
    fs: FileSystem,
    ino: number,
    mode: number,
    uid: number,
    gid: number,
    readonly maxMessages: number,
    readonly messageBytes: number,
  ) {
    super(fs, ino, S_IFREG | (mode & 0o7777), uid, gid);
  }

  override get size(): number {
    return STATUS_BYTES;
  }

  override open(_k: Kernel, _t: Task, dentry: Dentry): FileDescription {
    return new PosixQueueDescription(dentry, this);
  }

  put(t: Task, message: PosixMessage): void {
    const wasEmpty = this.messages.length === 0;
    let at = this.messages.length;
    while (at > 0 && this.messages[at - 1].priority < message.priority) at--;
    this.messages.splice(at, 0, message);
    // Who waits for the message gets it; only if nobody does, somebody is told.
    if (this.receivers.waiters.length === 0 && wasEmpty) this.tell(t);
    this.receivers.wakeSome(1);
    this.wakeWatchers();
  }

  take(): PosixMessage | undefined {
    const message = this.messages.shift();
    if (message === undefined) return undefined;
    this.senders.wakeSome(1);
    this.wakeWatchers();
    return message;
  }

  private wakeWatchers(): void {
    for (const d of this.descriptions) d.readiness.wake();
  }

  private tell(t: Task): void {
    const n = this.notification;
    this.notification = null;
    if (n === null || n.notify !== SIGEV_SIGNAL) return;
    const { pid, credentials: { uid } } = t.process;
    const { valueLow, valueHigh } = n;
    sendToProcess(n.process, makeSignal(n.signal, SI_MESGQ, { pid, uid, valueLow, valueHigh }));
  }

  status(): string {
    const bytes = this.messages.reduce((sum, m) => sum + m.bytes.length, 0), n = this.notification;
    const field = (value: number, width: number) => String(value).padEnd(width);
    return `QSIZE:${field(bytes, 10)} NOTIFY:${field(n?.notify ?? 0, 5)} SIGNO:${
      field(n?.notify === SIGEV_SIGNAL ? n.signal : 0, 5)
    } NOTIFY_PID:${field(n?.process.pid ?? 0, 6)}\n`;
  }
}

/** An open message queue, by mq_open or by its file. */
export class PosixQueueDescription extends InodeDescription<PosixQueue> {
  constructor(dentry: Dentry, inode: PosixQueue) {
    super(dentry, inode);
    inode.descriptions.push(this);
  }

  poll(): number {
    const { messages, maxMessages } = this.inode;
    return (messages.length > 0 ? POLL_READABLE : 0) | (messages.length < maxMessages ? POLL_WRITABLE : 0);
  }

  describe(): string {
    return `/${this.dentry!.name}`;
  }

  override read(_k: Kernel, _t: Task, bytes: Uint8Array, at: number, length: number): number {
    const text = encodeBytes(this.inode.status()).subarray(this.offset, this.offset + length);
    bytes.set(text, at);
    this.offset += text.length;
    return text.length;
  }

  override seek(_k: Kernel, offset: number, whence: number): number {
    if (whence !== SEEK_SET && whence !== SEEK_CUR) return -EINVAL;
    const at = whence === SEEK_SET ? offset : this.offset + offset;
    return at < 0 ? -EINVAL : this.offset = at;
  }

  override release(k: Kernel): void {
    const { descriptions } = this.inode;
    descriptions.splice(descriptions.indexOf(this), 1);
    super.release(k);
  }
}
