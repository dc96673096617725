/**
 * Which files of an image get compiled, and what the runs of the guest tell of each: those that the frozen server has mapped,
 * and those of programs that ran during training.
 */
import { CodeMap, inRanges, joinRanges } from "../discover/code_map.ts";
import { pointersInData } from "../discover/code_pointers.ts";
import { importedNames } from "../discover/elf_facts.ts";
import type { CodePointer } from "../discover/entries.ts";
import { PROT_READ, PROT_WRITE } from "../kernel/abi/mman.ts";
import type { AddressSpace } from "../kernel/memory/address_space.ts";
import type { ProgramRecord } from "../machine/code_cache.ts";
import type { InodeNumber, Tree } from "../rootfs/tree.ts";
import { filePaths } from "../rootfs/walk.ts";
import type { FileHints } from "./file_memory.ts";
import { ascending } from "./known_code.ts";

/** A file to compile, for one place. */
export interface CodeFile {
  file: InodeNumber;
  path: string;
  /** Its executable mapping. */
  start: number;
  end: number;
  hints: FileHints;
  /** Addresses of it at which guests that had booted ran code that was made as they reached it, or went on after a stop. */
  entered: number[];
}

interface Collected {
  start: number;
  end: number;
  entered: Set<number>;
  profile: Set<number>;
  pointers: Map<number, CodePointer>;
}

/**
 * `live` are the address spaces of the snapshot, `boot` and `training` what ran until then and after it. Files come in the
 * order of their paths.
 */
export function codeFiles(
  tree: Tree,
  live: readonly AddressSpace[],
  boot: Iterable<ProgramRecord>,
  training: Iterable<ProgramRecord>,
): CodeFile[] {
  const files = new Map<InodeNumber, Collected>();
  const trained = [...training];
  for (const mapped of [...live.map((space) => space.codeFiles), ...trained.map((record) => record.files)]) {
    // A file that was mapped in two places is compiled for the first.
    for (const [file, { start, end }] of mapped) {
      if (!files.has(file)) {
        files.set(file, { start, end, entered: new Set(), profile: new Set(), pointers: new Map() });
      }
    }
  }
  for (const { misses, files: mapped } of boot) addTo("profile", files, misses, mapped);
  for (const { misses, resumed, files: mapped } of trained) {
    for (const pcs of [misses, resumed]) addTo("entered", files, pcs, mapped);
  }
  for (const space of live) addPointers(files, space);
  const paths = filePaths(tree);
  const contents = new Map([...files.keys()].map((file) => [file, tree.read(file)]));
  const imports = new Set([...contents.values()].flatMap((bytes) => importedNames(bytes)));
  return [...files].map(([file, { start, end, entered, profile, pointers }]): CodeFile => ({
    file,
    path: paths.get(file) ?? `inode ${file}`,
    start,
    end,
    hints: { profile: ascending(new Set([...profile, ...entered])), pointers: [...pointers.values()], imports },
    entered: ascending(entered),
  })).sort((a, b) => a.path < b.path ? -1 : 1);
}

function addTo(
  what: "profile" | "entered",
  files: ReadonlyMap<number, Collected>,
  pcs: ReadonlyMap<number, unknown>,
  mapped: ProgramRecord["files"],
): void {
  for (const [file, { start, end }] of mapped) {
    const known = files.get(file);
    if (known === undefined || known.start !== start) continue;
    for (const pc of pcs.keys()) if (pc >= start && pc < end) known[what].add(pc);
  }
}

/** Words of writable memory that point into the files: heap, stacks, tables that the dynamic linker has filled. */
function addPointers(files: ReadonlyMap<number, Collected>, space: AddressSpace): void {
  const mapped = [...space.codeFiles].filter(([file, { start }]) => files.get(file)?.start === start);
  const map = new CodeMap(mapped.map(([, range]) => range));
  const writable = space.vmas.filter((v) => (v.prot & (PROT_READ | PROT_WRITE)) === (PROT_READ | PROT_WRITE));
  // What files bring along is no return address.
  const ofFiles = joinRanges(writable.filter((v) => v.file !== null));
  pointersInData(space.machine.memory.u8, writable, map, (target, place) => {
    const file = mapped.find(([, { start, end }]) => target >= start && target < end)![0];
    const mayBeReturnAddress = !inRanges(ofFiles, place, place + 8);
    const { pointers } = files.get(file)!;
    if (pointers.get(target)?.mayBeReturnAddress !== true) pointers.set(target, { target, mayBeReturnAddress });
  });
}
