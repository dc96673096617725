/** What `translate` prints about its output. */
import { join } from "node:path";
import { checkBudget, formatBudget } from "../package/budget.ts";
import type { Manifest } from "../package/manifest.ts";
import { V3_FEATURES } from "../x86/features.ts";
import type { TranslatedImage } from "./translate_image.ts";

/** For people: the server, its code, what is unsupported, sizes against the hosts' limits. */
export function report({ out, app, budget }: TranslatedImage): string {
  const { manifest } = app;
  const lines = [
    `${manifest.process.argv.join(" ")}, listening on ${
      manifest.listeners.map((l) => `${l.ip}:${l.port}`).join(", ")
    }; requests go to port ${manifest.port}`,
  ];
  lines.push(...describeCode(manifest));
  const { instructions, syscalls } = manifest.unsupported;
  lines.push(...describeUnsupported(instructions, manifest.cpu));
  for (const s of syscalls) lines.push(`system call ${s.name} is not implemented (asked for ${s.count} times)`);
  lines.push(formatBudget(budget));
  const leftOut = manifest.modules.filter((m) => manifest.leftOut.includes(m.name));
  if (leftOut.length > 0) {
    lines.push(
      `worker.js is without code of ${
        leftOut.map((m) => `${m.path} (${m.file})`).join(", ")
      }, to fit: no request of the ` +
        "training runs it; it is interpreted, slowly, if one does. A --warm file with such a request keeps it",
    );
  }
  if (checkBudget(budget).some((b) => !b.fits)) lines.push("Some hosts' limits are exceeded; see above.");
  lines.push("", `Output in ${out}`, `  deno serve ${join(out, "deno.js")}`);
  return lines.join("\n");
}

/** Each file's code, and how much of it the training ran. */
function describeCode({ modules }: Manifest): string[] {
  return [...new Set(modules.map((m) => m.path))].map((path) => {
    const parts = modules.filter((m) => m.path === path), run = parts.filter((m) => m.isRun);
    const sum = (of: typeof parts, key: "entries" | "wasmBytes") => of.reduce((n, m) => n + m[key], 0);
    const share = run.length === 0
      ? ", none run"
      : parts.length === 1
      ? ""
      : `, ${sum(run, "entries")} and ${kilobytes(sum(run, "wasmBytes"))} run`;
    const whole = `${kilobytes(parts[0].x86Bytes)} of x86 to ${kilobytes(sum(parts, "wasmBytes"))} of wasm`;
    return `${path}: ${sum(parts, "entries")} regions, ${whole}${share}`;
  });
}

type UnsupportedRow = Manifest["unsupported"]["instructions"][number];

/** Those that programs use only after asking CPUID, by feature; the others by name. */
function describeUnsupported(rows: readonly UnsupportedRow[], cpu: string): string[] {
  const sum = (of: readonly UnsupportedRow[], key: "feature" | "mnemonic"): string => {
    const counts = new Map<string, number>();
    for (const row of of) counts.set(row[key], (counts.get(row[key]) ?? 0) + row.count);
    return [...counts].sort((a, b) => b[1] - a[1]).map(([name, count]) => `${name} (${count})`).join(", ");
  };
  const isOptional = ({ feature }: UnsupportedRow) =>
    V3_FEATURES.has(feature) || feature === "avx512" || feature === "rtm";
  const optional = rows.filter(isOptional), others = rows.filter((row) => !isOptional(row));
  const lines: string[] = [];
  if (optional.length > 0) {
    lines.push(
      `instructions that a processor of level ${cpu} does not have, for programs that ask: ${sum(optional, "feature")}`,
    );
  }
  if (others.length > 0) lines.push(`instructions that would raise SIGILL: ${sum(others, "mnemonic")}`);
  return lines;
}

function kilobytes(bytes: number): string {
  return `${Math.round(bytes / 1000)} kB`;
}
