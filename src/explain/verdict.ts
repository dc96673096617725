/** Whether an image should work: the sum of what is known of it. */
import type { CpuLevel } from "../machine/cpu_level.ts";
import type { Met } from "./boot.ts";
import type { Needs } from "./needs.ts";

export interface Verdict {
  kind: "should work" | "works with --cpu x86-64-v3" | "will not work";
  /** What is certain, and decides. */
  reasons: string[];
  /** What may matter and cannot be told. */
  doubts: string[];
}

/** `met` is null if the image was not booted. */
export function verdictOn(needs: Needs, met: Met | null, level: CpuLevel): Verdict {
  const reasons = [...needs.problems], doubts: string[] = [];
  const wantV3 = needs.files.filter((f) => f.v3Use === "needed").map((f) => f.path);
  if (met !== null && met.problem !== "") {
    // An illegal instruction that the other processor has is no reason to give up.
    const isProcessor = level === "x86-64-v2" && met.ofHigherLevel.length > 0 && /SIGILL/.test(met.problem);
    if (isProcessor) wantV3.push(`what it runs (${met.ofHigherLevel.join(", ")})`);
    else if (wantV3.length === 0 || level === "x86-64-v3") reasons.push(met.problem);
  }
  const missing = needs.syscalls.filter((s) => s.level === "none").map((s) => s.name);
  if (missing.length > 0) {
    doubts.push(
      `${missing.join(", ")}: not implemented; programs that ask for them get ENOSYS, and most have another way`,
    );
  }
  for (const { name, note } of needs.runtimes) {
    if (note !== "") {
      doubts.push(`${name}: ${note}; that is compiled where the host allows it, and interpreted on Workers`);
    }
  }
  if (reasons.length > 0) return { kind: "will not work", reasons, doubts };
  if (wantV3.length > 0 && level === "x86-64-v2") {
    return { kind: "works with --cpu x86-64-v3", reasons: wantV3.map((path) => `${path} needs it`), doubts };
  }
  return { kind: "should work", reasons, doubts };
}
