import type { Kernel } from "../../../kernel.ts";
import type { Vma } from "../../../memory/vma.ts";
import type { Process } from "../../../task/process.ts";
import { pathOf } from "../../../vfs/dentry.ts";
import { MAP_SHARED, PROT_EXEC, PROT_READ, PROT_WRITE } from "../../../abi/mman.ts";
import { majorOf, minorOf } from "../../../abi/stat.ts";

/** Column where the path starts. */
const PATH_COLUMN = 73;

/** /proc/<pid>/maps. */
export function maps(_k: Kernel, p: Process): string {
  return p.space.vmas.map((v) => line(p, v)).join("");
}

function line(p: Process, v: Vma): string {
  const access = (v.prot & PROT_READ ? "r" : "-") + (v.prot & PROT_WRITE ? "w" : "-") +
    (v.prot & PROT_EXEC ? "x" : "-") + (v.flags & MAP_SHARED ? "s" : "p");
  const dentry = v.file?.dentry ?? null, inode = dentry?.inode;
  const path = dentry !== null ? pathOf(dentry, p.fs.root) : v.name;
  const dev = inode?.dev ?? 0;
  const head = `${hex(v.start, 8)}-${hex(v.end, 8)} ${access} ${hex(v.fileOffset, 8)} ${hex(majorOf(dev), 2)}:` +
    `${hex(minorOf(dev), 2)} ${inode?.ino ?? 0} `;
  return path === "" ? `${head}\n` : `${head.padEnd(PATH_COLUMN)}${path}\n`;
}

function hex(n: number, digits: number): string {
  return n.toString(16).padStart(digits, "0");
}

/** /proc/<pid>/smaps: every page of a mapping counts as resident, since nothing is paged. */
export function smaps(_k: Kernel, p: Process): string {
  return p.space.vmas.map((v) => line(p, v) + sizes((v.end - v.start) / 1024)).join("");
}

/** /proc/<pid>/smaps_rollup. */
export function smapsRollup(_k: Kernel, p: Process): string {
  const { vmas } = p.space;
  if (vmas.length === 0) return "";
  const kb = vmas.reduce((sum, v) => sum + (v.end - v.start) / 1024, 0);
  const range = `${hex(vmas[0].start, 8)}-${hex(vmas[vmas.length - 1].end, 8)} ---p 00000000 00:00 0 `;
  return `${range.padEnd(PATH_COLUMN)}[rollup]\n${sizes(kb)}`;
}

function sizes(kb: number): string {
  const row = (name: string, value: number) => `${`${name}:`.padEnd(16)}${String(value).padStart(8)} kB\n`;
  return row("Size", kb) + row("KernelPageSize", 4) + row("MMUPageSize", 4) + row("Rss", kb) + row("Pss", kb) +
    row("Shared_Clean", 0) + row("Shared_Dirty", 0) + row("Private_Clean", 0) + row("Private_Dirty", kb) +
    row("Referenced", kb) + row("Anonymous", kb) + row("Swap", 0) + row("Locked", 0);
}
