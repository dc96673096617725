import { EPIPE } from "../abi/errno.ts";
import { SI_USER, SIGPIPE } from "../abi/signal.ts";
import { MSG_NOSIGNAL } from "../abi/socket.ts";
import { makeSignal } from "../task/signal.ts";
import { sendToTask } from "../task/signals.ts";
import type { Task } from "../task/task.ts";

/** -EPIPE for a write that no one will read, with the SIGPIPE that goes with it unless MSG_NOSIGNAL forbids (send(2)). */
export function brokenPipe(t: Task, flags: number): number {
  if ((flags & MSG_NOSIGNAL) === 0) {
    const { pid, credentials } = t.process;
    sendToTask(t, makeSignal(SIGPIPE, SI_USER, { pid, uid: credentials.uid }));
  }
  return -EPIPE;
}
