import { MSGMNI, SEMMNI, SHMMNI } from "../abi/ipc.ts";
import type { Kernel } from "../kernel.ts";
import type { Process } from "../task/process.ts";
import type { MessageQueue } from "./message_queue.ts";
import { IpcTable } from "./objects.ts";
import type { SemaphoreSet } from "./semaphores.ts";
import type { SharedSegment } from "./shared_segment.ts";

/** System V IPC of a guest (svipc(7)). */
export class IpcNamespace {
  static readonly savedFields: readonly string[] = ["semaphores", "queues", "segments"];
  readonly semaphores: IpcTable<SemaphoreSet> = new IpcTable(SEMMNI);
  readonly queues: IpcTable<MessageQueue> = new IpcTable(MSGMNI);
  readonly segments: IpcTable<SharedSegment> = new IpcTable(SHMMNI);

  processEnded(k: Kernel, p: Process): void {
    for (const set of this.semaphores.slots) set?.processEnded(k, p);
  }
}
