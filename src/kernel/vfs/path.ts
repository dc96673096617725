import type { Kernel } from "../kernel.ts";
import type { Task } from "../task/task.ts";
import { type Dentry, parentOf, throughMounts } from "./dentry.ts";
import { DirectoryInode } from "./directory_inode.ts";
import { SymlinkInode } from "./inode.ts";
import { MAY_EXEC, permission } from "./permission.ts";
import { nameBytes } from "./name_length.ts";
import { describedDentry } from "./anonymous.ts";
import {
  AT_FDCWD,
  NAME_MAX,
  RESOLVE_BENEATH,
  RESOLVE_CACHED,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
  RESOLVE_NO_XDEV,
} from "../abi/fcntl.ts";
import { EAGAIN, EBADF, EISDIR, ELOOP, ENAMETOOLONG, ENOENT, ENOTDIR, EXDEV } from "../abi/errno.ts";

/** Follow a symbolic link at the end of the path. */
export const LOOKUP_FOLLOW = 1;
/** Stop before the last component: make or remove it there. */
export const LOOKUP_PARENT = 2;
/** The last component may be missing: `dentry` is null then, `parent` and `last` say where it would be. */
export const LOOKUP_CREATE = 4;
/** The result must be a directory. */
export const LOOKUP_DIRECTORY = 8;
/** "" means the directory descriptor itself (AT_EMPTY_PATH). */
export const LOOKUP_EMPTY = 16;

/** What the last component of a LOOKUP_PARENT walk was. */
export const LAST_NORM = 0, LAST_ROOT = 1, LAST_DOT = 2, LAST_DOTDOT = 3;

/** Symbolic links followed in one path (include/linux/namei.h: MAXSYMLINKS). */
const MAX_SYMLINKS = 40;

/**
 * Path resolution (path_resolution(7), fs/namei.c). One walker serves the whole kernel, since a walk never waits: take
 * what you need from its fields before the next walk.
 */
export class PathWalker {
  /** The file found; null when LOOKUP_CREATE found it missing, and after LOOKUP_PARENT. */
  dentry: Dentry | null = null;
  /** Directory that holds the last component. */
  parent!: Dentry;
  /** The last component. */
  last = "";
  lastKind = LAST_NORM;
  /** A slash follows the last component. */
  trailingSlash = false;
  /** The root directory of this walk: the process's, or openat2's RESOLVE_IN_ROOT. */
  private root!: Dentry;
  private resolveFlags = 0;
  private links = 0;
  /** Rests of paths to go on with when the target of a symbolic link is used up. */
  private readonly rests: string[] = [];

  /** Resolves `path` as the task sees it, relative to `dirfd`. 0, or -errno. */
  walk(k: Kernel, t: Task, dirfd: number, path: string, flags: number, resolveFlags = 0): number {
    const fs = t.process.fs;
    this.root = fs.root;
    this.resolveFlags = resolveFlags;
    if (path === "" && !(flags & LOOKUP_EMPTY)) return -ENOENT;
    const absolute = path.charCodeAt(0) === SLASH;
    if (absolute && (resolveFlags & RESOLVE_BENEATH)) return -EXDEV;
    if (resolveFlags & RESOLVE_CACHED) return -EAGAIN;
    let start: Dentry;
    if (absolute && !(resolveFlags & RESOLVE_IN_ROOT)) {
      start = fs.root;
    } else if (dirfd === AT_FDCWD) {
      start = fs.cwd;
    } else {
      const description = t.process.fds.get(dirfd);
      if (description === undefined) return -EBADF;
      start = describedDentry(k, description);
      if (path !== "" && !start.inode.isDirectory) return -ENOTDIR;
    }
    if (resolveFlags & (RESOLVE_BENEATH | RESOLVE_IN_ROOT)) this.root = start;
    return this.walkFrom(k, t, start, path, flags);
  }

  /** Resolves `path` from a directory that is at hand. */
  walkFrom(k: Kernel, t: Task, start: Dentry, path: string, flags: number): number {
    this.links = 0;
    if (this.rests.length > 0) this.rests.length = 0;
    return this.steps(k, t, start, path, flags);
  }

  private steps(k: Kernel, t: Task, current: Dentry, path: string, flags: number): number {
    const credentials = t.process.credentials;
    let mustBeDirectory = (flags & LOOKUP_DIRECTORY) !== 0;
    let followsLast = (flags & LOOKUP_FOLLOW) !== 0;
    let at = 0, names = namesOf(path), taken = 0;
    this.lastKind = LAST_ROOT;
    this.trailingSlash = false;
    this.last = "";
    this.parent = current;
    for (;;) {
      while (path.charCodeAt(at) === SLASH) at++;
      if (at >= path.length) {
        const rest = this.rests.pop();
        if (rest === undefined) break;
        path = rest;
        at = taken = 0;
        names = namesOf(path);
        continue;
      }
      const inode = current.inode;
      if (!(inode instanceof DirectoryInode)) return -ENOTDIR;
      const refused = permission(credentials, inode, MAY_EXEC);
      if (refused) return refused;

      const name = names[taken++], end = at + name.length;
      at = end;
      while (path.charCodeAt(at) === SLASH) at++;
      const isLast = at >= path.length && this.rests.length === 0;

      this.parent = current;
      this.last = name;
      this.lastKind = name === "." ? LAST_DOT : name === ".." ? LAST_DOTDOT : LAST_NORM;
      if (isLast) {
        this.trailingSlash = at > end;
        if (flags & LOOKUP_PARENT) {
          this.dentry = null;
          return 0;
        }
        if (this.trailingSlash) {
          if (flags & LOOKUP_CREATE) return -EISDIR; // open("name/", O_CREAT), whatever is there
          mustBeDirectory = followsLast = true;
        }
      }

      if (this.lastKind === LAST_DOT) continue;
      if (this.lastKind === LAST_DOTDOT) {
        if (current === this.root && (this.resolveFlags & RESOLVE_BENEATH)) return -EXDEV;
        const up = parentOf(current, this.root);
        if (this.crossesMount(current, up)) return -EXDEV;
        current = up;
        continue;
      }

      if (name.length * 3 > NAME_MAX && nameBytes(name) > NAME_MAX) return -ENAMETOOLONG;
      const child = inode.lookup(k, t, current, name);
      if (typeof child === "number") return child;
      if (child === null) {
        if (!isLast || !(flags & LOOKUP_CREATE)) return -ENOENT;
        this.dentry = null;
        return 0;
      }
      const next = child.mounted === null ? child : throughMounts(child);
      if (this.crossesMount(current, next)) return -EXDEV;

      const nextInode = next.inode;
      if (nextInode instanceof SymlinkInode && (!isLast || followsLast)) {
        if (++this.links > MAX_SYMLINKS || (this.resolveFlags & RESOLVE_NO_SYMLINKS)) return -ELOOP;
        const target = nextInode.target(k, t);
        if (target !== null) {
          if (typeof target === "number") return target;
          if (this.resolveFlags & RESOLVE_NO_MAGICLINKS) return -ELOOP;
          if (this.resolveFlags & (RESOLVE_BENEATH | RESOLVE_IN_ROOT)) return -EXDEV;
          if (this.crossesMount(current, target)) return -EXDEV;
          current = target;
          if (!isLast && !current.inode.isDirectory) return -ENOTDIR;
          continue;
        }
        const text = nextInode.text(k, t);
        if (typeof text === "number") return text;
        if (text === "") return -ENOENT;
        if (at < path.length) this.rests.push(path.slice(at));
        path = text;
        at = taken = 0;
        names = namesOf(path);
        if (text.charCodeAt(0) === SLASH) {
          if (this.resolveFlags & RESOLVE_BENEATH) return -EXDEV;
          if (this.crossesMount(current, this.root)) return -EXDEV;
          current = this.root;
          this.lastKind = LAST_ROOT;
        }
        continue;
      }
      current = next;
      if (!isLast && !nextInode.isDirectory) return -ENOTDIR;
    }
    this.dentry = current;
    if (mustBeDirectory && !current.inode.isDirectory) return -ENOTDIR;
    return 0;
  }

  private crossesMount(from: Dentry, to: Dentry): boolean {
    return (this.resolveFlags & RESOLVE_NO_XDEV) !== 0 && from.inode.fs !== to.inode.fs;
  }
}

const SLASH = 0x2f;

/** Names of the paths walked lately: servers ask for the same again, and names that are the same objects are found sooner. */
const namesByPath = new Map<string, readonly string[]>();
const PATHS_MAX = 256;

/** The components of a path, in order; for a path that goes on behind a symbolic link, too. */
function namesOf(path: string): readonly string[] {
  const known = namesByPath.get(path);
  if (known !== undefined) return known;
  if (namesByPath.size === PATHS_MAX) namesByPath.clear();
  const names = path.split("/").filter((name) => name !== "");
  namesByPath.set(path, names);
  return names;
}
