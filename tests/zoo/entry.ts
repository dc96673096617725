/**
 * The zoo: a tool of its own that makes images of real servers and knows their responses. Entries are the tool's own and
 * those of the folder `entries` here, in the same form; these may have a `build.sh FILES`, which makes programs from the
 * entry's sources and puts them where the image is to have them, under the folder FILES.
 */
import { execFile } from "node:child_process";
import { copyFileSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { freePort } from "./hosts.ts";

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
  /** Absent: nothing is sent behind the fields, whatever they say. */
  body?: unknown;
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

const OWN_ENTRIES = fileURLToPath(new URL("entries", import.meta.url));
const WARM_FILES = fileURLToPath(new URL("warm", import.meta.url));

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
    const { stdout } = await this.#prepared(entry, (path) => this.#run(["build", path, "--out", folder]));
    return JSON.parse(stdout.trim().split("\n").at(-1)!).file;
  }

  /** Runs an entry of our own natively, twice, and writes its golden.json; gives what the tool says. Needs root. */
  async record(entry: string): Promise<string> {
    const own = join(OWN_ENTRIES, entry);
    if (!existsSync(join(own, "image.json"))) throw new Error(`${entry} is not in tests/zoo/entries`);
    return await this.#prepared(entry, async (path) => {
      await this.#run(["build", path]);
      const { stdout, stderr } = await this.#run(["record", path, "--port", `${await freePort()}`]);
      if (path !== own) {
        // No lock where the image has no packages.
        for (const made of ["golden.json", "packages.lock"].filter((name) => existsSync(join(path, name)))) {
          copyFileSync(join(path, made), join(own, made));
        }
      }
      return stdout + stderr;
    });
  }

  /** Training requests for an entry, other ones than its probes; null if there are none. */
  warmFile(entry: string): string | null {
    const own = join(OWN_ENTRIES, entry, "warm.txt"), ofZoo = join(WARM_FILES, `${entry}.txt`);
    return [own, ofZoo].find((file) => existsSync(file)) ?? null;
  }

  /** Where an entry's files are. */
  folder(entry: string): string {
    const own = join(OWN_ENTRIES, entry);
    return existsSync(join(own, "image.json")) ? own : join(this.directory, entry);
  }

  /** Calls with a folder that has the entry and what its build.sh makes. */
  async #prepared<T>(entry: string, use: (path: string) => Promise<T>): Promise<T> {
    const folder = this.folder(entry);
    if (!existsSync(join(folder, "build.sh"))) return await use(folder);
    const scratch = mkdtempSync(join(tmpdir(), "lighter-entry-"));
    try {
      const copy = join(scratch, entry);
      cpSync(folder, copy, { recursive: true });
      await run(join(folder, "build.sh"), [join(copy, "files")]);
      return await use(copy);
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  }

  /** What the image is, in a line. */
  description(entry: string): string {
    return this.#imageFile(entry).description ?? "";
  }

  /** Where its server listens. */
  port(entry: string): number {
    return this.#imageFile(entry).port;
  }

  #imageFile(entry: string): { description?: string; port: number } {
    return JSON.parse(readFileSync(join(this.folder(entry), "image.json"), "utf8"));
  }

  /** The path that says whether the server is up, and is good for measuring. */
  benchPath(entry: string): string {
    return this.#probesFile(entry).bench ?? "/";
  }

  /** Sends the probes that a fetch handler can see as they were sent. */
  async probe(entry: string, url: string): Promise<ProbeResult[]> {
    const { stdout, stderr } = await this.#run(["probe", this.folder(entry), url, "--via-fetch", "--json"]);
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
    return JSON.parse(readFileSync(join(this.folder(entry), "probes.json"), "utf8"));
  }

  #goldenFile(entry: string): Record<string, { responses?: RecordedResponse[] }> {
    const file = JSON.parse(readFileSync(join(this.folder(entry), "golden.json"), "utf8"));
    return file.probes ?? file;
  }

  #run(args: string[]): Promise<{ stdout: string; stderr: string }> {
    return run(join(this.directory, "zoo"), args);
  }
}

function run(file: string, args: string[]): Promise<{ stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    execFile(file, args, { maxBuffer: 1 << 28 }, (error, stdout, stderr) => {
      // Probes that fail are an exit code of 1, too, with results on standard output.
      if (error === null || (args[0] === "probe" && stdout !== "")) resolve({ stdout, stderr });
      else reject(new Error(`${file} ${args.join(" ")}: ${stderr.trim() || error.message}`));
    });
  });
}
