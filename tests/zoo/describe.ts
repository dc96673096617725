/** An entry's result as text: what failed and why, then a table of the hosts. */
import { table } from "../../bench/statistics.ts";
import { type EntryResult, type HostReport, probesOf, type Size } from "./results.ts";

export function describeResult(result: EntryResult): string {
  const { entry, hosts, seconds, stages } = result;
  const lines = hosts.flatMap(describeProbes);
  const times = Object.entries(stages).map(([name, s]) => `${name} ${s.toFixed(1)}`).join(", ");
  const size = ({ raw, gzip }: Size) => `${megabytes(raw)} MB (gzip ${megabytes(gzip)})`;
  lines.push(
    `${entry}: translated in ${seconds.toFixed(1)} s (${times}); wasm ${size(result.wasm)}, snapshot ` +
      `${size(result.snapshot)}, output ${size(result.output)}`,
    ...result.over.map((over) => `too large: ${over}`),
  );
  const rows = hosts.map((h) => [
    h.host,
    `${h.passed}/${probesOf(h)}`,
    `${h.limited.length}`,
    `${h.failed.length}`,
    `${Math.round(h.firstByteMs)}`,
    `${h.misses}`,
    `${(100 * h.outside.share).toFixed(1)} % (${h.outside.ms} ms)`,
    h.memory === null ? "" : `${h.memory.totalMb} (${h.memory.count}, ${h.memory.largestMb})`,
    perSecond(h),
  ]);
  const head = ["host", "passed", "host limits", "failed", "first byte ms", "misses", "outside", "memory MB", "req/s"];
  lines.push(table([head, ...rows]));
  for (const { host, loadError } of hosts) {
    if (loadError !== undefined) lines.push(`${host}: no load: ${loadError}`);
  }
  return lines.join("\n");
}

function describeProbes({ host, error, failed, limited }: HostReport): string[] {
  const lines: string[] = [];
  if (error !== undefined) lines.push(`${host}: ${error}`);
  for (const { id, differences } of failed) {
    lines.push(`${host}: ${id} FAILED`, ...differences.slice(0, 12).map((d) => `    ${d}`));
  }
  for (const reason of new Set(limited.map((l) => l.reason))) {
    const ids = limited.filter((l) => l.reason === reason).map((l) => l.id);
    lines.push(`${host}: ${ids.join(", ")}: limit of the host: ${reason}`);
  }
  return lines;
}

function perSecond({ requestsPerSecond: rate, nativeRequestsPerSecond: native }: HostReport): string {
  if (rate === undefined) return "";
  return native === undefined ? rate.toFixed(0) : `${rate.toFixed(0)} (${(rate / native).toFixed(2)})`;
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
