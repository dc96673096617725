import { resumeCode, type ResumeTable } from "../machine/resume_table.ts";
import type { RegionCode } from "./region_code.ts";

/** The table of a module of these regions. An address that several have is the first one's. */
export function buildResumeTable(regions: readonly RegionCode[]): ResumeTable {
  const rows: { pc: number; entry: number; code: number }[] = [];
  const known = new Set<number>();
  for (const { entryPc, resumePoints } of regions) {
    for (const { pc, number, isReturn } of resumePoints) {
      if (known.has(pc)) continue;
      known.add(pc);
      rows.push({ pc, entry: entryPc, code: resumeCode(number, isReturn) });
    }
  }
  rows.sort((a, b) => a.pc - b.pc);
  return {
    pcs: Uint32Array.from(rows, (row) => row.pc),
    entries: Uint32Array.from(rows, (row) => row.entry),
    codes: Uint32Array.from(rows, (row) => row.code),
  };
}
