/**
 * Training on a copy: the frozen server answers requests in a guest restored from its own snapshot, which is then thrown away.
 * What is wanted of it is the profile: the addresses at which code is entered when the server goes on from the snapshot (return
 * sites above the blocked accept, children after fork), which no look at the code alone can tell.
 */
import { Tracer } from "../kernel/syscalls/trace.ts";
import { CodeLibrary, type LoadedCode, type ProgramRecord } from "../machine/code_cache.ts";
import { WasmMachine, type WasmShared } from "../machine/wasm_machine.ts";
import type { Tree } from "../rootfs/tree.ts";
import { SavedGuest, type Snapshot } from "../snapshot/snapshot.ts";
import type { BootHost } from "./boot_host.ts";
import { type WarmRequest, warmUp } from "./warm.ts";

/** What any server can be asked. Two of each kind: the first goes through what happens once only. */
export const COMMON_REQUESTS: readonly WarmRequest[] = ["GET", "HEAD", "GET", "POST"].flatMap((method, i) => [
  { method, path: "/", headers: [], body: method === "POST" ? "training" : null },
  {
    method,
    path: i === 0 ? "/no-such-page" : "/?training=1",
    headers: [],
    body: method === "POST" ? "training" : null,
  },
]);

export interface TrainingOptions {
  snapshot: Snapshot;
  tree: Tree;
  host: BootHost;
  /** The code module without regions, and the compiler of what is reached. */
  base: LoadedCode;
  shared: Pick<WasmShared, "compiler" | "interpreter">;
  requests: readonly WarmRequest[];
  /** Where they go. */
  port: number;
  /** Told of every system call, as strace shows it. */
  onSyscall?: (line: string) => void;
}

/** What ran, by program key. A server that fails under training still gives a profile. */
export async function trainOnCopy(options: TrainingOptions): Promise<ReadonlyMap<string, ProgramRecord>> {
  const library = new CodeLibrary(options.base);
  const shared: WasmShared = { ...options.shared, library };
  const { host } = options;
  try {
    const kernel = new SavedGuest(options.snapshot).restore({
      tree: options.tree,
      host,
      console: { write() {} },
      newMachine: (bytes, key) => new WasmMachine(shared, bytes, key),
    });
    if (options.onSyscall !== undefined) kernel.tracer = new Tracer(options.onSyscall);
    await warmUp(kernel, host, options.requests, options.port);
  } catch (e) {
    host.log(0, `the training requests ended early: ${(e as Error).message}`);
  }
  return library.programs;
}
