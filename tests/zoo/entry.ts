/** The zoo: a tool of its own that makes images of real servers and knows their responses. */
import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** A probe as the zoo describes it; more fields than these. */
export interface Probe {
  id: string;
  method?: string;
  path?: string;
  http?: string;
  headers?: Record<string, string> | [string, string][];
  /** Requests on a connection, unless keepalive is false. */
  repeat?: number;
  keepalive?: boolean;
  /** The server may close without a response. */
  mayFail?: boolean;
  /** Sent with "Expect: 100-continue". */
  expectContinue?: boolean;
}

/** A response as the zoo recorded it; more fields than these. */
export interface RecordedResponse {
  /** Equal responses one after the other. */
  count?: number;
  headers?: Record<string, unknown>;
}

export interface ProbeResult {
  probe: Probe;
  /** What the native server answers. */
  recorded: RecordedResponse[];
  ok: boolean;
  ms: number;
  /** Lines. */
  differences: string[];
}

export class Zoo {
  constructor(readonly directory: string) {
    if (!existsSync(join(directory, "zoo"))) {
      throw new Error(`no zoo in ${directory}: name its directory by --zoo DIR or $LIGHTER_ZOO`);
    }
  }

  static defaultDirectory(): string {
    return process.env.LIGHTER_ZOO ?? fileURLToPath(new URL("../../../shared/zoo", import.meta.url));
  }

  /** Makes the image of an entry in a folder; gives its file. */
  async build(entry: string, folder: string): Promise<string> {
    const { stdout } = await this.#run(["build", entry, "--out", folder]);
    return JSON.parse(stdout.trim().split("\n").at(-1)!).file;
  }

  /** The path that says whether the server is up, and is good for measuring. */
  benchPath(entry: string): string {
    return this.#probesFile(entry).bench ?? "/";
  }

  /** Sends the probes that a fetch handler can see as they were sent. */
  async probe(entry: string, url: string): Promise<ProbeResult[]> {
    const { stdout, stderr } = await this.#run(["probe", entry, url, "--via-fetch", "--json"]);
    let results: { id: string; ok: boolean; ms: number; differences: string[] }[];
    try {
      results = JSON.parse(stdout).probes;
    } catch {
      throw new Error(`zoo probe gave no results: ${stderr || stdout}`);
    }
    const probes = new Map(this.#probesFile(entry).probes.map((p) => [p.id, p]));
    const golden = this.#goldenFile(entry);
    return results.map(({ id, ...rest }) => {
      return { probe: probes.get(id) ?? { id }, recorded: golden[id]?.responses ?? [], ...rest };
    });
  }

  #probesFile(entry: string): { bench?: string; probes: Probe[] } {
    return JSON.parse(readFileSync(join(this.directory, entry, "probes.json"), "utf8"));
  }

  #goldenFile(entry: string): Record<string, { responses?: RecordedResponse[] }> {
    const file = JSON.parse(readFileSync(join(this.directory, entry, "golden.json"), "utf8"));
    return file.probes ?? file;
  }

  #run(args: string[]): Promise<{ stdout: string; stderr: string; code: number }> {
    return new Promise((resolve, reject) => {
      execFile(join(this.directory, "zoo"), args, { maxBuffer: 1 << 28 }, (error, stdout, stderr) => {
        // Failed probes are an exit code of 1, with results.
        if (error !== null && stdout === "") {
          reject(new Error(`zoo ${args.join(" ")}: ${stderr.trim() || error.message}`));
        } else resolve({ stdout, stderr, code: error === null ? 0 : 1 });
      });
    });
  }
}
