import { MSG_EXCEPT, MSGMNB } from "../abi/ipc.ts";
import type { Kernel } from "../kernel.ts";
import type { Task } from "../task/task.ts";
import { WaitQueue } from "../wait_queue.ts";
import { IpcObject } from "./objects.ts";

export interface QueuedMessage {
  readonly type: number;
  readonly bytes: Uint8Array;
}

/** A message queue (msgget(2)). */
export class MessageQueue extends IpcObject {
  static override readonly savedFields: readonly string[] = [
    ...IpcObject.savedFields,
    "messages",
    "bytes",
    "byteLimit",
    "sender",
    "receiver",
    "sentSeconds",
    "receivedSeconds",
    "changed",
  ];
  readonly messages: QueuedMessage[] = [];
  /** Bytes in all messages. */
  bytes = 0;
  byteLimit = MSGMNB;
  /** Pids of the last to send and to receive. */
  sender = 0;
  receiver = 0;
  sentSeconds = 0;
  receivedSeconds = 0;
  readonly changed = new WaitQueue();

  constructor(k: Kernel, t: Task, key: number, mode: number) {
    super(k, t, key, mode);
  }

  hasRoomFor(length: number): boolean {
    return this.bytes + length <= this.byteLimit && this.messages.length + 1 <= this.byteLimit;
  }

  put(message: QueuedMessage): void {
    this.messages.push(message);
    this.bytes += message.bytes.length;
    this.changed.wake();
  }

  /** Where the message is that msgrcv(2) of this type would take, or -1. */
  find(type: number, flags: number): number {
    if (type === 0) return this.messages.length > 0 ? 0 : -1;
    if (type > 0) return this.messages.findIndex((m) => (m.type === type) !== ((flags & MSG_EXCEPT) !== 0));
    let best = -1;
    for (let i = 0; i < this.messages.length; i++) {
      const of = this.messages[i].type;
      if (of <= -type && (best < 0 || of < this.messages[best].type)) best = i;
    }
    return best;
  }

  take(index: number): void {
    this.bytes -= this.messages[index].bytes.length;
    this.messages.splice(index, 1);
    this.changed.wake();
  }
}

/** A msgsnd or msgrcv that waits; kept in task.restart. */
export class MessageQueueWait {
  static readonly savedFields: readonly string[] = ["queue"];
  constructor(readonly queue: MessageQueue) {}
}
