/**
 * Scripts that the image brings along for its server: CGI programs, hooks. A server runs them only when it is asked, which
 * training requests may not do; their interpreters are worth compiling all the same.
 */
import { isScript, parseShebang, PROBE_BYTES } from "../loader/shebang.ts";
import { lookup } from "../rootfs/lookup.ts";
import type { InodeNumber, Tree } from "../rootfs/tree.ts";

/** Directories of the distribution, whose scripts are tools for people; what packages put into cgi-bin is not. */
const SYSTEM = /^\/(bin|sbin|lib[^/]*|usr|etc|boot|dev|proc|sys|run|tmp|var\/(lib|cache|log|backups))(\/|$)/;
const CGI = /\/cgi-bin(\/|$)/;

/** More than this many interpreters are not for serving. */
const MOST = 4;

/** Paths of the programs that `#!` lines of executable files name, those found first. `search` is a PATH, for env. */
export function scriptInterpreters(tree: Tree, search: string): string[] {
  const found = new Set<string>();
  const work: [InodeNumber, string][] = [[tree.root, ""]];
  for (let next; found.size < MOST && (next = work.shift()) !== undefined;) {
    const [directory, path] = next;
    for (const [name, child] of tree.children(directory)) {
      const at = `${path}/${name}`, { type, mode } = tree.inode(child);
      if (type === "directory") work.push([child, at]);
      if (type !== "file" || (mode & 0o111) === 0 || (SYSTEM.test(at) && !CGI.test(at))) continue;
      const interpreter = interpreterOf(tree, tree.read(child).subarray(0, PROBE_BYTES), search);
      if (interpreter !== null) found.add(interpreter);
    }
  }
  return [...found].slice(0, MOST);
}

function interpreterOf(tree: Tree, probe: Uint8Array, search: string): string | null {
  const shebang = isScript(probe) ? parseShebang(probe) : -1;
  if (typeof shebang === "number") return null;
  const { interpreter, argument } = shebang;
  const name = argument?.split(/[ \t]+/).find((word) => !word.startsWith("-") && !word.includes("="));
  const paths = interpreter.endsWith("/env") && name !== undefined
    ? search.split(":").map((directory) => `${directory}/${name}`)
    : [interpreter];
  return paths.find((path) => {
    const inode = lookup(tree, path);
    return inode !== undefined && tree.inode(inode).type === "file";
  }) ?? null;
}
