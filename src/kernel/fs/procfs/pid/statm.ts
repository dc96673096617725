import type { Kernel } from "../../../kernel.ts";
import type { Process } from "../../../task/process.ts";
import { PROT_EXEC, PROT_NONE, PROT_WRITE } from "../../../abi/mman.ts";

export interface PageCounts {
  /** All mappings. */
  size: number;
  /** Mappings with any access: nothing is paged out, so they count as resident. */
  resident: number;
  /** Resident pages of files. */
  shared: number;
  text: number;
  data: number;
}

export function pagesOf(p: Process): PageCounts {
  const counts = { size: 0, resident: 0, shared: 0, text: 0, data: 0 };
  if (p.zombie) return counts;
  for (const v of p.space.vmas) {
    const pages = (v.end - v.start) / 4096;
    counts.size += pages;
    if (v.prot === PROT_NONE) continue;
    counts.resident += pages;
    if (v.file !== null) counts.shared += pages;
    if (v.prot & PROT_EXEC) counts.text += pages;
    else if (v.prot & PROT_WRITE) counts.data += pages;
  }
  return counts;
}

/** /proc/<pid>/statm, in pages. */
export function statm(_k: Kernel, p: Process): string {
  const c = pagesOf(p);
  return `${c.size} ${c.resident} ${c.shared} ${c.text} 0 ${c.data} 0\n`;
}
