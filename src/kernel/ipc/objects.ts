import { EACCES, EEXIST, EINVAL, ENOENT, ENOSPC, EPERM } from "../abi/errno.ts";
import { IPC_CREAT, IPC_EXCL, IPC_PERM_BYTES, IPC_PRIVATE } from "../abi/ipc.ts";
import type { Kernel } from "../kernel.ts";
import { loadU32, storeU16, storeU32 } from "../memory/user_memory.ts";
import type { Task } from "../task/task.ts";

/** What semaphore sets, message queues and shared segments have in common (svipc(7)). */
export abstract class IpcObject {
  static readonly savedFields: readonly string[] = [
    "id",
    "key",
    "uid",
    "gid",
    "creatorUid",
    "creatorGid",
    "mode",
    "changedSeconds",
    "removed",
  ];
  id = -1;
  uid: number;
  gid: number;
  readonly creatorUid: number;
  readonly creatorGid: number;
  /** Time of creation or of the last IPC_SET. */
  changedSeconds: number;
  /** IPC_RMID: who waits for it gets EIDRM. */
  removed = false;

  constructor(k: Kernel, t: Task, public key: number, public mode: number) {
    const c = t.process.credentials;
    this.uid = this.creatorUid = c.euid;
    this.gid = this.creatorGid = c.egid;
    this.mode = mode & 0o777;
    this.changedSeconds = secondsNow(k);
  }
}

export function secondsNow(k: Kernel): number {
  return Math.floor(k.clock.realtimeMs() / 1000);
}

/** ipcperms(): 0 or -EACCES for the permission bits asked for (S_IRUGO, S_IWUGO or the flags of a get call). */
export function ipcPermission(t: Task, o: IpcObject, wanted: number): number {
  const c = t.process.credentials;
  if (c.privileged) return 0;
  const requested = wanted >> 6 | wanted >> 3 | wanted;
  const isOwner = c.euid === o.creatorUid || c.euid === o.uid;
  const isGroup = [c.egid, ...c.groups].some((gid) => gid === o.creatorGid || gid === o.gid);
  const granted = isOwner ? o.mode >> 6 : isGroup ? o.mode >> 3 : o.mode;
  return requested & ~granted & 7 ? -EACCES : 0;
}

/** Whether the task may IPC_SET and IPC_RMID: 0 or -EPERM. */
export function ipcControl(t: Task, o: IpcObject): number {
  const c = t.process.credentials;
  return c.privileged || c.euid === o.uid || c.euid === o.creatorUid ? 0 : -EPERM;
}

/** Identifiers count up in steps, so that one of a removed object is not soon another's (ipc_buildid()). */
const ID_STEP = 32768;

/** All objects of one kind: by identifier, and by key. */
export class IpcTable<T extends IpcObject> {
  static readonly savedFields: readonly string[] = ["limit", "slots", "sequence"];
  /** By the low part of the identifier. */
  readonly slots: (T | null)[] = [];
  private sequence = 0;

  constructor(private readonly limit: number) {}

  /** The object of an identifier, or undefined. */
  get(id: number): T | undefined {
    const o = id < 0 ? undefined : this.slots[id % ID_STEP];
    return o?.id === id ? o : undefined;
  }

  get count(): number {
    return this.slots.reduce((n, o) => o === null ? n : n + 1, 0);
  }

  /** The highest slot in use, for IPC_INFO and the like; 0 if there is none. */
  get highest(): number {
    for (let i = this.slots.length - 1; i > 0; i--) if (this.slots[i] !== null) return i;
    return 0;
  }

  /**
   * semget, msgget, shmget: the identifier of the key's object, which `fits` has no objection to, or of a new one from
   * `create`. Negative errno otherwise.
   */
  find(t: Task, key: number, flags: number, fits: (o: T) => number, create: () => T | number): number {
    if (key === IPC_PRIVATE) return this.add(create);
    const found = this.slots.find((o) => o !== null && o.key === key);
    if (!found) return flags & IPC_CREAT ? this.add(create) : -ENOENT;
    if ((flags & IPC_CREAT) && (flags & IPC_EXCL)) return -EEXIST;
    return fits(found) || ipcPermission(t, found, flags) || found.id;
  }

  private add(create: () => T | number): number {
    let slot = this.slots.indexOf(null);
    if (slot < 0) slot = this.slots.length;
    if (slot >= this.limit) return -ENOSPC;
    const o = create();
    if (typeof o === "number") return o;
    o.id = (this.sequence++ % 0xffff) * ID_STEP + slot;
    this.slots[slot] = o;
    return o.id;
  }

  remove(o: T): void {
    const slot = o.id % ID_STEP;
    if (this.slots[slot] === o) this.slots[slot] = null;
  }

  /** For the STAT commands, whose argument is a slot instead of an identifier. */
  atSlot(index: number): T | number {
    return this.slots[index] ?? -EINVAL;
  }
}

/** Stores struct ipc64_perm. */
export function storePermissions(t: Task, at: number, o: IpcObject, mode: number = o.mode): void {
  const m = t.memory;
  m.u8.fill(0, at, at + IPC_PERM_BYTES);
  [o.key, o.uid, o.gid, o.creatorUid, o.creatorGid, mode].forEach((v, i) => storeU32(m, at + 4 * i, v));
  storeU16(m, at + 24, Math.floor(o.id / ID_STEP));
}

/** IPC_SET: takes owner and mode from a struct ipc64_perm. */
export function loadPermissions(k: Kernel, t: Task, at: number, o: IpcObject): void {
  const m = t.memory;
  o.uid = loadU32(m, at + 4);
  o.gid = loadU32(m, at + 8);
  o.mode = o.mode & ~0o777 | loadU32(m, at + 20) & 0o777;
  o.changedSeconds = secondsNow(k);
}
