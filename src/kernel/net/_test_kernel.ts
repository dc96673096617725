import type { Kernel } from "../kernel.ts";
import { Credentials } from "../task/credentials.ts";
import type { Task } from "../task/task.ts";
import { Net } from "./net.ts";

/** As much of a kernel and a task as sockets look at, for tests of the network alone. */
export function testKernel(uid = 0): { k: Kernel; t: Task } {
  const k = { net: new Net(), clock: { monotonicNs: () => 0 } } as unknown as Kernel;
  const process = { pid: 7, credentials: new Credentials(uid, uid), signals: [] as number[], exiting: true };
  // An exiting process takes no signals: SIGPIPE is seen by the tests of the syscalls, not here.
  return { k, t: { process } as unknown as Task };
}

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const text = (b: Uint8Array): string => new TextDecoder().decode(b);
