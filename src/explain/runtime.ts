/** What language a program is written in or runs, by its name, its libraries and what compilers leave in it. */
import { parseHeader } from "../elf/header.ts";
import { parseSections } from "../elf/sections.ts";
import { lookupNoFollow } from "../rootfs/lookup.ts";
import type { InodeNumber, Tree } from "../rootfs/tree.ts";
import type { LoadedFile } from "./libraries.ts";

export interface Runtime {
  /** "python", "go" and so on. */
  name: string;
  /** "" if it is not told. */
  version: string;
  /** What it means for the translation, or "". */
  note: string;
}

/** Interpreters and virtual machines: by the program's or a library's name; a group gives the version. */
const INTERPRETERS: [name: string, pattern: RegExp, note: string][] = [
  ["python", /^(?:lib)?python(\d+\.\d+)?/, ""],
  ["perl", /^(?:lib)?perl(\d+(?:\.\d+)*)?/, ""],
  [
    "php",
    /^(?:lib)?php(?:-fpm)?-?(\d+(?:\.\d+)?)?/,
    "PCRE's and opcache's own compilers write machine code at run time",
  ],
  ["ruby", /^(?:lib)?ruby-?(\d+(?:\.\d+)*)?/, ""],
  ["node", /^(?:node(?:js)?$|libnode)/, "V8 writes machine code at run time"],
  ["java", /^(?:java$|libjvm)/, "the JVM writes machine code at run time"],
  ["lua", /^(?:lib)?lua(?:jit)?-?(\d+\.\d+)?/, ""],
  ["erlang", /^beam(?:\.smp)?$/, ""],
  ["dotnet", /^(?:dotnet$|libcoreclr)/, "the CLR writes machine code at run time"],
];

/** Files beside a program that it may load when it runs, by a path that is telling. */
const PLUGINS: [of: RegExp, path: RegExp][] = [
  [/python/, /\/lib-dynload\/|\/(?:site|dist)-packages\//],
  [/perl/, /\/auto\/.*\.so$/],
  [/php/, /\/php\/(?:\d+|extensions)\//],
  [/ruby/, /\/ruby\/.*\.so$/],
  [/node/, /\.node$/],
  [/^nginx/, /\/nginx\/modules\//],
  [/^lighttpd/, /\/lighttpd\//],
  [/^(?:httpd|apache2)/, /\/(?:apache2|httpd)\/modules\//],
  [/libcrypto/, /\/(?:engines-\d+|ossl-modules)\//],
  [/^libc\.so/, /\/libnss_[^/]*\.so/],
];

/** Runtimes of a program's files. */
export function runtimesOf(tree: Tree, files: readonly LoadedFile[]): Runtime[] {
  const found: Runtime[] = [];
  const names = files.flatMap(({ path }) => namesOf(tree, path));
  for (const [name, pattern, note] of INTERPRETERS) {
    const matches = names.flatMap((known) => pattern.exec(known) ?? []);
    if (matches.length > 0) found.push({ name, version: matches.find((m) => /^\d/.test(m ?? "")) ?? "", note });
  }
  for (const { bytes, role } of files) {
    if (role !== "program") continue;
    const go = goVersion(bytes);
    if (go !== null) found.push({ name: "go", version: go, note: "" });
    const rust = rustVersion(bytes);
    if (rust !== null) found.push({ name: "rust", version: rust, note: "" });
  }
  return found;
}

/** Shared objects of the image that these files may load later, and their bytes. */
export function pluginsOf(tree: Tree, files: readonly LoadedFile[]): { path: string; bytes: number }[] {
  const patterns = PLUGINS.filter(([of]) => files.some(({ path }) => of.test(baseName(path)))).map(([, path]) => path);
  const plugins: { path: string; bytes: number }[] = [];
  if (patterns.length === 0) return plugins;
  const loaded = new Set(files.map((f) => f.inode));
  const work: [InodeNumber, string][] = [[tree.root, ""]];
  for (let next; (next = work.pop()) !== undefined;) {
    for (const [name, child] of tree.children(next[0])) {
      const path = `${next[1]}/${name}`, { type, size } = tree.inode(child);
      if (type === "directory") work.push([child, path]);
      if (type !== "file" || loaded.has(child) || !/\.(?:so[.\d]*|node)$/.test(name)) continue;
      if (patterns.some((p) => p.test(path))) plugins.push({ path, bytes: size });
    }
  }
  return plugins.sort((a, b) => a.path < b.path ? -1 : 1);
}

/** The last names of a path and of the symbolic links that it leads through: python3, python3.11. */
function namesOf(tree: Tree, path: string): string[] {
  const names = [baseName(path)];
  for (let at = path; names.length < 10;) {
    const inode = lookupNoFollow(tree, at);
    if (inode === undefined || tree.inode(inode).type !== "symlink") break;
    const { target } = tree.inode(inode);
    at = target.startsWith("/") ? target : `${at.slice(0, at.lastIndexOf("/"))}/${target}`;
    names.push(baseName(at));
  }
  return names;
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

const BUILD_INFO = new TextEncoder().encode("\xff Go buildinf:".slice(1));

/** Version by the build information that Go's linker writes (debug/buildinfo); null if it is no Go program. */
function goVersion(bytes: Uint8Array): string | null {
  const section = parseSections(bytes, parseHeader(bytes)).find((s) => s.name === ".go.buildinfo");
  if (section === undefined || section.size < 32) return null;
  const at = section.offset;
  if (bytes[at] !== 0xff || BUILD_INFO.some((byte, i) => bytes[at + 1 + i] !== byte)) return "";
  // Since Go 1.18 strings stand there themselves; before, pointers to them.
  if ((bytes[at + 15] & 2) === 0) return "";
  let length = 0, shift = 0, p = at + 32;
  for (; bytes[p] & 0x80 && shift < 28; shift += 7) length |= (bytes[p++] & 0x7f) << shift;
  length |= bytes[p++] << shift;
  return new TextDecoder().decode(bytes.subarray(p, p + Math.min(length, 64))).replace(/^go/, "");
}

/** The x86-64 level that a Go program was built for (GOAMD64); 0 if it does not say. */
export function goLevel(bytes: Uint8Array): number {
  const section = parseSections(bytes, parseHeader(bytes)).find((s) => s.name === ".go.buildinfo");
  if (section === undefined) return 0;
  const text = latin1(bytes.subarray(section.offset, section.offset + section.size));
  return Number(/\tGOAMD64=v([1-4])/.exec(text)?.[1] ?? 0);
}

/** Version by the comment that compilers leave; null if nothing says rustc. */
function rustVersion(bytes: Uint8Array): string | null {
  const sections = parseSections(bytes, parseHeader(bytes));
  const comment = sections.find((s) => s.name === ".comment");
  const text = comment === undefined ? "" : latin1(bytes.subarray(comment.offset, comment.offset + comment.size));
  const version = /rustc version (\S+)/.exec(text)?.[1];
  if (version !== undefined) return version;
  // Messages of the standard library name its source files.
  const constants = sections.find((s) => s.name === ".rodata");
  if (constants === undefined) return null;
  const data = latin1(bytes.subarray(constants.offset, constants.offset + constants.size));
  return /\/rustc\/[0-9a-f]{40}\//.test(data) ? "" : null;
}

function latin1(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}
