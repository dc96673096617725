import type { FileSystem } from "./file_system.ts";
import type { Inode } from "./inode.ts";

/**
 * A name in a directory and the inode it names. Every file system is mounted once, so a dentry alone says where in the
 * tree one is (Linux needs a mount beside it). Kept by directories so that one name is one object: cwd, open files and
 * watches hold dentries and follow renames.
 */
export class Dentry {
  static readonly savedFields: readonly string[] = ["name", "parent", "inode", "mounted", "deleted", "cookie"];

  /** The file system mounted here, which hides this dentry's own contents. */
  mounted: FileSystem | null = null;
  /** The name is gone; the inode may live on in open files. */
  deleted = false;
  /** Position in the directory listing; 0 for names that come from the image. */
  cookie = 0;

  constructor(
    public name: string,
    /** Null for the root of a file system and for files without a name (pipes, sockets). */
    public parent: Dentry | null,
    public inode: Inode,
  ) {}
}

/** The dentry one sees at `d`: the root of what is mounted there, or `d`. */
export function throughMounts(d: Dentry): Dentry {
  while (d.mounted !== null) d = d.mounted.root;
  return d;
}

/** `..` of `d` for a process whose root directory is `root`. */
export function parentOf(d: Dentry, root: Dentry): Dentry {
  for (;;) {
    if (d === root) return d;
    if (d.parent !== null) return throughMounts(d.parent);
    const mountPoint = d.inode.fs.mountPoint;
    if (mountPoint === null) return d;
    d = mountPoint;
  }
}

/** Whether `d` is `ancestor` or below it. */
export function isBelow(d: Dentry, ancestor: Dentry): boolean {
  for (let p: Dentry | null = d; p !== null; p = p.parent ?? p.inode.fs.mountPoint) if (p === ancestor) return true;
  return false;
}

/**
 * The absolute path of `d` below `root`, as getcwd and /proc/<pid>/fd show it (d_path). Names without a place, such as
 * "pipe:[7]", are shown as they are.
 */
export function pathOf(d: Dentry, root: Dentry): string {
  const deleted = d.deleted ? " (deleted)" : "";
  let path = "";
  let p = d;
  while (p !== root) {
    if (p.parent !== null) {
      path = `/${p.name}${path}`;
      p = p.parent;
    } else {
      const mountPoint: Dentry | null = p.inode.fs.mountPoint;
      if (mountPoint === null) {
        // No place in the tree, or a place outside a chroot.
        if (p.name !== "") return p.name + path + deleted;
        break;
      }
      p = mountPoint;
    }
  }
  return (path === "" ? "/" : path) + deleted;
}
