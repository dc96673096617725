import { SI_USER, SIGXFSZ } from "../abi/signal.ts";
import { EFBIG } from "../abi/errno.ts";
import { makeSignal } from "../task/signal.ts";
import { sendToTask } from "../task/signals.ts";
import type { Task } from "../task/task.ts";

/** -EFBIG for a file that would grow beyond RLIMIT_FSIZE, with the SIGXFSZ that goes with it (setrlimit(2)). */
export function beyondSizeLimit(t: Task): number {
  const { pid, credentials } = t.process;
  sendToTask(t, makeSignal(SIGXFSZ, SI_USER, { pid, uid: credentials.uid }));
  return -EFBIG;
}
