/** Which ELF files a program loads at its start: itself, its interpreter, and the libraries that these need (ld.so(8)). */
import { type DynamicInfo, parseDynamic } from "../elf/dynamic.ts";
import { isElf, parseHeader } from "../elf/header.ts";
import { parseInterpreter, parseSegments, PT_INTERP } from "../elf/segments.ts";
import type { CpuLevel } from "../machine/cpu_level.ts";
import { lookup } from "../rootfs/lookup.ts";
import type { InodeNumber, Tree } from "../rootfs/tree.ts";
import { parseLdCache } from "./ld_cache.ts";

/** An ELF file that is loaded. */
export interface LoadedFile {
  path: string;
  inode: InodeNumber;
  bytes: Uint8Array;
  role: "program" | "interpreter" | "library" | "preload";
  /** Null for a static file. */
  dynamic: DynamicInfo | null;
}

export interface Loaded {
  files: LoadedFile[];
  /** What is not in the image: the name, and which file asks for it. */
  missing: { name: string; neededBy: string }[];
}

const GLIBC_DIRECTORIES = [
  "/lib/x86_64-linux-gnu",
  "/usr/lib/x86_64-linux-gnu",
  "/lib64",
  "/usr/lib64",
  "/lib",
  "/usr/lib",
];
const MUSL_DIRECTORIES = ["/lib", "/usr/local/lib", "/usr/lib"];

/** The program at a path of the tree and all that is loaded with it. The program is ELF. */
export function loadedFiles(tree: Tree, program: string, env: readonly string[], level: CpuLevel): Loaded {
  const search = new LibrarySearch(tree, env, level);
  const files: LoadedFile[] = [], missing: Loaded["missing"] = [];
  const add = (path: string, role: LoadedFile["role"]): LoadedFile | undefined => {
    const inode = lookup(tree, path);
    if (inode === undefined || tree.inode(inode).type !== "file") return undefined;
    const known = files.find((f) => f.inode === inode);
    if (known !== undefined) return known;
    const bytes = tree.read(inode);
    const file = {
      path,
      inode,
      bytes,
      role,
      dynamic: parseDynamic(bytes, parseHeader(bytes, { file: path }), { file: path }),
    };
    files.push(file);
    return file;
  };
  const main = add(program, "program")!;
  const interpreter = interpreterOf(main.bytes, program);
  if (interpreter !== null) {
    search.isMusl = /ld-musl/.test(interpreter);
    if (add(interpreter, "interpreter") === undefined) missing.push({ name: interpreter, neededBy: program });
    for (const path of search.preloads()) {
      if (add(search.find(path, [main]) ?? path, "preload") === undefined) {
        missing.push({ name: path, neededBy: "LD_PRELOAD" });
      }
    }
  }
  // Breadth first, as ld.so does; `loaders` lead from the program to the file.
  const work: LoadedFile[][] = files.map((f) => f === main ? [f] : [main, f]);
  const seen = new Set(files);
  for (let loaders; (loaders = work.shift()) !== undefined;) {
    const file = loaders[loaders.length - 1];
    for (const name of file.dynamic?.needed ?? []) {
      if (files.some((f) => f.dynamic?.soname === name || f.path.endsWith(`/${name}`))) continue;
      const path = search.find(name, loaders);
      const library = path === undefined ? undefined : add(path, "library");
      if (library === undefined) {
        if (!missing.some((m) => m.name === name)) missing.push({ name, neededBy: file.path });
      } else if (!seen.has(library)) {
        seen.add(library);
        work.push([...loaders, library]);
      }
    }
  }
  return { files, missing };
}

function interpreterOf(bytes: Uint8Array, path: string): string | null {
  const header = parseHeader(bytes, { file: path });
  const table = bytes.subarray(header.phoff, header.phoff + header.phnum * header.phentsize);
  const interp = parseSegments(table, header, bytes.length, { file: path }).find((s) => s.type === PT_INTERP);
  return interp === undefined ? null : parseInterpreter(bytes.subarray(interp.offset, interp.offset + interp.filesz));
}

/** Where the dynamic linker looks for a library. */
class LibrarySearch {
  isMusl = false;
  readonly #cache: ReadonlyMap<string, readonly string[]>;
  readonly #variable: (name: string) => string[];

  constructor(readonly tree: Tree, env: readonly string[], readonly level: CpuLevel) {
    const cache = this.#fileAt("/etc/ld.so.cache");
    this.#cache = cache === undefined ? new Map() : parseLdCache(cache);
    this.#variable = (name) =>
      (env.find((e) => e.startsWith(`${name}=`))?.slice(name.length + 1) ?? "").split(/[: ]/).filter((p) => p !== "");
  }

  preloads(): string[] {
    const file = this.isMusl ? undefined : this.#fileAt("/etc/ld.so.preload");
    const listed = file === undefined ? [] : new TextDecoder().decode(file).replace(/#.*/g, "").split(/[\s:]+/);
    return [...this.#variable("LD_PRELOAD"), ...listed.filter((p) => p !== "")];
  }

  /** `loaders`: from the program to the file that needs the library. */
  find(name: string, loaders: readonly LoadedFile[]): string | undefined {
    const file = loaders[loaders.length - 1];
    if (name.includes("/")) return this.#fileAt(name) === undefined ? undefined : name;
    const runpath = this.#directories(file, file.dynamic?.runpath);
    // musl takes RPATH and RUNPATH for the same.
    const rpath = loaders.toReversed().flatMap((l) => {
      const list = l.dynamic?.rpath ?? [];
      return l.dynamic?.runpath.length && !this.isMusl ? [] : this.#directories(l, list);
    });
    const before = file.dynamic?.runpath.length && !this.isMusl ? [] : rpath;
    const found = this.#inDirectories(name, [...before, ...this.#variable("LD_LIBRARY_PATH"), ...runpath]);
    if (found !== undefined) return found;
    if (this.isMusl) return this.#inDirectories(name, this.#muslPath());
    const cached = (this.#cache.get(name) ?? []).filter((path) => this.#isForLevel(path));
    return cached.find((path) => this.#isLibrary(path)) ?? this.#inDirectories(name, GLIBC_DIRECTORIES);
  }

  #muslPath(): string[] {
    const file = this.#fileAt("/etc/ld-musl-x86_64.path");
    return file === undefined
      ? MUSL_DIRECTORIES
      : new TextDecoder().decode(file).split(/[\n:]/).filter((path) => path !== "");
  }

  #directories(file: LoadedFile, list: readonly string[] = []): string[] {
    const origin = file.path.slice(0, file.path.lastIndexOf("/"));
    return list.map((d) =>
      d.replace(/\$(ORIGIN|\{ORIGIN\})/g, origin).replace(/\$(LIB|\{LIB\})/g, "lib/x86_64-linux-gnu")
    );
  }

  #inDirectories(name: string, directories: readonly string[]): string | undefined {
    for (const directory of directories) {
      for (const variant of this.isMusl ? [""] : ["glibc-hwcaps/x86-64-v3/", "glibc-hwcaps/x86-64-v2/", ""]) {
        const path = `${directory.replace(/\/$/, "")}/${variant}${name}`;
        if (this.#isForLevel(path) && this.#isLibrary(path)) return path;
      }
    }
    return undefined;
  }

  /** Variants for a better processor than the one that is shown are passed over. */
  #isForLevel(path: string): boolean {
    const wanted = /glibc-hwcaps\/x86-64-v(\d)\//.exec(path)?.[1];
    return wanted === undefined || Number(wanted) <= Number(this.level.slice(-1));
  }

  #isLibrary(path: string): boolean {
    const bytes = this.#fileAt(path);
    return bytes !== undefined && isElf(bytes) && bytes[4] === 2;
  }

  #fileAt(path: string): Uint8Array | undefined {
    const inode = lookup(this.tree, path);
    return inode === undefined || this.tree.inode(inode).type !== "file" ? undefined : this.tree.read(inode);
  }
}
