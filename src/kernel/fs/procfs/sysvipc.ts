import type { IpcObject } from "../../ipc/objects.ts";
import type { Kernel } from "../../kernel.ts";
import type { GeneratedTree } from "./tree.ts";

/** Numbers right-aligned in columns of the given widths, a space between. */
function columns(...cells: [value: number, width: number][]): string {
  return cells.map(([value, width]) => String(value).padStart(width)).join(" ");
}

function head(o: IpcObject, mode: number): string {
  return `${columns([o.key, 10], [o.id, 10])}  ${mode.toString(8).padStart(4)}`;
}

function owners(o: IpcObject): [number, number][] {
  return [[o.uid, 5], [o.gid, 5], [o.creatorUid, 5], [o.creatorGid, 5]];
}

function table<T extends IpcObject>(title: string, objects: readonly (T | null)[], row: (o: T) => string): string {
  return [title, ...objects.filter((o) => o !== null).map((o) => row(o!))].map((line) => `${line}\n`).join("");
}

const SHM_DEST = 0o1000, PAGE = 4096;

function shm(k: Kernel): string {
  const title =
    "       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid      atime      " +
    "dtime      ctime                   rss                  swap";
  return table(title, k.ipc.segments.slots, (s) => {
    const resident = Math.ceil(s.size / PAGE) * PAGE;
    return `${head(s, s.mode | (s.removed ? SHM_DEST : 0))} ` +
      `${columns([s.size, 21], [s.creatorPid, 5], [s.lastPid, 5])}  ${
        columns([s.attachments(k), 5], ...owners(s), [s.attachedSeconds, 10], [s.detachedSeconds, 10])
      } ${columns([s.changedSeconds, 10], [resident, 21], [0, 21])}`;
  });
}

function sem(k: Kernel): string {
  const title = "       key      semid perms      nsems   uid   gid  cuid  cgid      otime      ctime";
  return table(
    title,
    k.ipc.semaphores.slots,
    (s) =>
      `${head(s, s.mode)} ${
        columns([s.values.length, 10], ...owners(s), [s.operatedSeconds, 10], [s.changedSeconds, 10])
      }`,
  );
}

function msg(k: Kernel): string {
  const title =
    "       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid  cuid  cgid      stime      " +
    "rtime      ctime";
  return table(title, k.ipc.queues.slots, (q) => {
    const counts = columns([q.bytes, 10], [q.messages.length, 10], [q.sender, 5], [q.receiver, 5]);
    const times = columns([q.sentSeconds, 10], [q.receivedSeconds, 10], [q.changedSeconds, 10]);
    return `${head(q, q.mode)}  ${counts} ${columns(...owners(q))} ${times}`;
  });
}

/** /proc/sysvipc: what ipcs(1) reads. */
export const sysvipcTree: GeneratedTree = { msg, sem, shm };
