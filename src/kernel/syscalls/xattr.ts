import type { Kernel } from "../kernel.ts";
import type { Task } from "../task/task.ts";
import { encodeBytes } from "../memory/byte_string.ts";
import { copyFromUser, copyToUser, readCString } from "../memory/user_memory.ts";
import { describedDentry } from "../vfs/anonymous.ts";
import { CTIME, type Inode } from "../vfs/inode.ts";
import { MAY_READ, MAY_WRITE, permission } from "../vfs/permission.ts";
import { usable } from "./io_wait.ts";
import { walkFor } from "./stat.ts";
import { partial, type SyscallRow } from "./support.ts";
import { AT_FDCWD, AT_SYMLINK_NOFOLLOW } from "../abi/fcntl.ts";
import { E2BIG, EEXIST, EINVAL, ENAMETOOLONG, ENODATA, EOPNOTSUPP, EPERM, ERANGE, EROFS } from "../abi/errno.ts";
import {
  SYS_fgetxattr,
  SYS_flistxattr,
  SYS_fremovexattr,
  SYS_fsetxattr,
  SYS_getxattr,
  SYS_lgetxattr,
  SYS_listxattr,
  SYS_llistxattr,
  SYS_lremovexattr,
  SYS_lsetxattr,
  SYS_removexattr,
  SYS_setxattr,
} from "../abi/syscall_numbers.ts";

const XATTR_NAME_MAX = 255, XATTR_SIZE_MAX = 65536;
const XATTR_CREATE = 1, XATTR_REPLACE = 2;

/** How a call names its file: by path, by path without following, by descriptor. */
type Finder = (k: Kernel, t: Task, argument: number) => Inode | number;

const byPath: Finder = (k, t, path) => {
  const found = walkFor(k, t, AT_FDCWD, path, 0);
  return found < 0 ? found : k.vfs.walker.dentry!.inode;
};
const byLink: Finder = (k, t, path) => {
  const found = walkFor(k, t, AT_FDCWD, path, AT_SYMLINK_NOFOLLOW);
  return found < 0 ? found : k.vfs.walker.dentry!.inode;
};
const byFd: Finder = (k, t, fd) => {
  const d = usable(t, fd);
  return typeof d === "number" ? d : describedDentry(k, d).inode;
};

function readName(t: Task, pointer: number): string | number {
  const name = readCString(t, pointer, XATTR_NAME_MAX + 1);
  if (typeof name === "number") return name === -ENAMETOOLONG ? -ERANGE : name;
  return name === "" ? -ERANGE : name;
}

/** Whether the task may use the name on the inode: user.* on files and directories by permission, trusted.* by root. */
function refusal(t: Task, inode: Inode, name: string, mask: number): number {
  const c = t.process.credentials;
  if (name.startsWith("user.")) {
    if (!inode.isRegular && !inode.isDirectory) return mask & MAY_WRITE ? -EPERM : -ENODATA;
    return permission(c, inode, mask);
  }
  if (name.startsWith("trusted.")) return c.privileged ? 0 : mask & MAY_WRITE ? -EPERM : -ENODATA;
  if (name.startsWith("security.")) return mask & MAY_WRITE && !c.privileged ? -EPERM : 0;
  // No access control lists.
  return name.startsWith("system.posix_acl_") && !(mask & MAY_WRITE) ? -ENODATA : -EOPNOTSUPP;
}

const setter =
  (find: Finder) =>
  (k: Kernel, t: Task, file: number, namePointer: number, valuePointer: number, _size: number, flags: number) => {
    const size = k.arg64(3);
    if (flags & ~(XATTR_CREATE | XATTR_REPLACE)) return -EINVAL;
    const name = readName(t, namePointer);
    if (typeof name === "number") return name;
    if (size < 0 || size > XATTR_SIZE_MAX) return -E2BIG;
    const value = copyFromUser(t, valuePointer, size);
    if (typeof value === "number") return value;
    const inode = find(k, t, file);
    if (typeof inode === "number") return inode;
    if (inode.fs.readOnly) return -EROFS;
    const refused = refusal(t, inode, name, MAY_WRITE);
    if (refused) return refused;
    const has = inode.xattrs?.has(name) ?? false;
    if (has && (flags & XATTR_CREATE)) return -EEXIST;
    if (!has && (flags & XATTR_REPLACE)) return -ENODATA;
    (inode.xattrs ??= new Map()).set(name, value);
    inode.touch(k, CTIME);
    return 0;
  };

const getter = (find: Finder) => (k: Kernel, t: Task, file: number, namePointer: number, buffer: number) => {
  const size = k.arg64(3);
  const name = readName(t, namePointer);
  if (typeof name === "number") return name;
  const inode = find(k, t, file);
  if (typeof inode === "number") return inode;
  const refused = refusal(t, inode, name, MAY_READ);
  if (refused) return refused;
  const value = inode.xattrs?.get(name);
  return value === undefined ? -ENODATA : answer(t, buffer, size, value);
};

const lister = (find: Finder) => (k: Kernel, t: Task, file: number, buffer: number) => {
  const inode = find(k, t, file);
  if (typeof inode === "number") return inode;
  const names = [...inode.xattrs?.keys() ?? []];
  return answer(t, buffer, k.arg64(2), encodeBytes(names.map((n) => `${n}\0`).join("")));
};

/** Size 0 asks for the size needed. */
function answer(t: Task, buffer: number, size: number, bytes: Uint8Array): number {
  if (size === 0) return bytes.length;
  if (size < bytes.length) return -ERANGE;
  const copied = copyToUser(t, buffer, bytes);
  return copied < 0 ? copied : bytes.length;
}

const remover = (find: Finder) => (k: Kernel, t: Task, file: number, namePointer: number) => {
  const name = readName(t, namePointer);
  if (typeof name === "number") return name;
  const inode = find(k, t, file);
  if (typeof inode === "number") return inode;
  if (inode.fs.readOnly) return -EROFS;
  const refused = refusal(t, inode, name, MAY_WRITE);
  if (refused) return refused;
  if (!inode.xattrs?.delete(name)) return -ENODATA;
  inode.touch(k, CTIME);
  return 0;
};

const NOTE = "no access control lists; attributes of the image are not carried over";

export const xattrRows: [number, SyscallRow][] = [
  [
    SYS_setxattr,
    partial("setxattr", setter(byPath), NOTE, ["path:path", "name:string", "value", "size:uint", "flags"]),
  ],
  [
    SYS_lsetxattr,
    partial("lsetxattr", setter(byLink), NOTE, ["path:path", "name:string", "value", "size:uint", "flags"]),
  ],
  [SYS_fsetxattr, partial("fsetxattr", setter(byFd), NOTE, ["fd:fd", "name:string", "value", "size:uint", "flags"])],
  [SYS_getxattr, partial("getxattr", getter(byPath), NOTE, ["path:path", "name:string", "value", "size:uint"])],
  [SYS_lgetxattr, partial("lgetxattr", getter(byLink), NOTE, ["path:path", "name:string", "value", "size:uint"])],
  [SYS_fgetxattr, partial("fgetxattr", getter(byFd), NOTE, ["fd:fd", "name:string", "value", "size:uint"])],
  [SYS_listxattr, partial("listxattr", lister(byPath), NOTE, ["path:path", "list", "size:uint"])],
  [SYS_llistxattr, partial("llistxattr", lister(byLink), NOTE, ["path:path", "list", "size:uint"])],
  [SYS_flistxattr, partial("flistxattr", lister(byFd), NOTE, ["fd:fd", "list", "size:uint"])],
  [SYS_removexattr, partial("removexattr", remover(byPath), NOTE, ["path:path", "name:string"])],
  [SYS_lremovexattr, partial("lremovexattr", remover(byLink), NOTE, ["path:path", "name:string"])],
  [SYS_fremovexattr, partial("fremovexattr", remover(byFd), NOTE, ["fd:fd", "name:string"])],
];
