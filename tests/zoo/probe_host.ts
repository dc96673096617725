/** The probes of an entry on one host. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ProbeResult, Zoo } from "./entry.ts";
import { memoryIn, missesIn, outsideIn } from "./host_log.ts";
import { type HostName, type RunningHost, startHost } from "./hosts.ts";
import { HOST_LIMITS } from "./limits.ts";
import type { HostReport } from "./results.ts";

/** Starts the host on an output folder, sends the probes, calls `then`, and leaves the host's log beside the folder. */
export async function probeHost(
  { zoo, entry, host, folder, then }: {
    zoo: Zoo;
    entry: string;
    host: HostName;
    folder: string;
    then: (server: RunningHost, report: HostReport) => Promise<void>;
  },
): Promise<HostReport> {
  const report: HostReport = {
    host,
    passed: 0,
    limited: [],
    failed: [],
    firstByteMs: NaN,
    misses: 0,
    outside: { share: 0, ms: 0 },
    memory: null,
  };
  const path = zoo.benchPath(entry);
  let server;
  try {
    server = await startHost(host, folder, path);
    report.firstByteMs = server.firstByteMs;
    for (const result of await zoo.probe(entry, server.url)) judge(report, result);
    // Misses and memory are said once a second at most, and when the guest has run.
    await new Promise((go) => setTimeout(go, 1100));
    await answered(server.url + path);
    report.misses = missesIn(server.output());
    report.outside = outsideIn(server.output());
    report.memory = memoryIn(server.output());
    await then(server, report);
  } catch (error) {
    report.error = error instanceof Error ? error.message : String(error);
  } finally {
    await server?.stop();
    if (server !== undefined) writeFileSync(join(folder, "..", `${host}.log`), server.output());
  }
  return report;
}

/** wrangler may leave a request waiting behind one that was answered early (docs/LIMITS.md): then it is sent again. */
async function answered(url: string): Promise<void> {
  for (let tries = 3; tries > 0; tries--) {
    const answer = fetch(url, { signal: AbortSignal.timeout(20_000) }).then((r) => r.arrayBuffer());
    if (await answer.then(() => true, () => false)) return;
  }
}

function judge(report: HostReport, result: ProbeResult): void {
  const { probe: { id }, differences } = result;
  const limit = result.ok ? undefined : HOST_LIMITS.find((l) => l.hosts.includes(report.host) && l.explains(result));
  if (result.ok) report.passed++;
  else if (limit !== undefined) report.limited.push({ id, reason: limit.reason });
  else report.failed.push({ id, differences });
}
