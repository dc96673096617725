import { MSGMNI, SEMMNI } from "../abi/ipc.ts";
import type { Kernel } from "../kernel.ts";
import type { Process } from "../task/process.ts";
import type { MessageQueue } from "./message_queue.ts";
import { IpcTable } from "./objects.ts";
import type { SemaphoreSet } from "./semaphores.ts";

/** System V IPC of a guest (svipc(7)). */
export class IpcNamespace {
  static readonly savedFields: readonly string[] = ["semaphores", "queues"];
  readonly semaphores: IpcTable<SemaphoreSet> = new IpcTable(SEMMNI);
  readonly queues: IpcTable<MessageQueue> = new IpcTable(MSGMNI);

  processEnded(k: Kernel, p: Process): void {
    for (const set of this.semaphores.slots) set?.processEnded(k, p);
  }
}
