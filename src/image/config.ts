/** An image's configuration (OCI image spec, config.md), and the process that it asks for. */
import { badInput, overLimit } from "../errors.ts";
import { type Digest, parseDigest } from "./digest.ts";
import type { JsonView } from "./json_view.ts";
import { parseSignal } from "./signal_names.ts";
import { resolveUser } from "./user.ts";

export interface ImageConfig {
  /** Where it was read; errors about it say so. */
  readonly file: string;
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  /** "NAME=value", in order. */
  readonly env: readonly string[];
  readonly workingDir: string;
  readonly user: string;
  /** As written: "8080/tcp". */
  readonly exposedPorts: readonly string[];
  /** As written: "SIGQUIT"; "" when not said. */
  readonly stopSignal: string;
  readonly volumes: readonly string[];
  readonly labels: ReadonlyMap<string, string>;
  /** Digests of the uncompressed layers, the lowest first. */
  readonly diffIds: readonly Digest[];
}

export interface Port {
  readonly number: number;
  readonly protocol: "tcp" | "udp" | "sctp";
}

/** The process that a container of the image starts with. */
export interface ProcessSpec {
  readonly argv: readonly string[];
  /** "NAME=value"; PATH and HOME are always there. */
  readonly env: readonly string[];
  /** Absolute. */
  readonly cwd: string;
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups. */
  readonly groups: readonly number[];
  readonly ports: readonly Port[];
  /** Signal number that asks the process to end. */
  readonly stopSignal: number;
}

/** What a user says instead of the image, with docker's rules: a new entrypoint drops the image's command. */
export interface ProcessOverrides {
  readonly entrypoint?: readonly string[] | undefined;
  readonly args?: readonly string[] | undefined;
  /** "NAME=value"; replaces a variable of that name. */
  readonly env?: readonly string[] | undefined;
  readonly workingDir?: string | undefined;
  readonly user?: string | undefined;
}

/** Reads a file of the root file system; undefined when it is not there. */
export type ReadRootFile = (path: string) => Uint8Array | undefined;

// What docker gives to a container whose image sets none.
const defaultPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const sigterm = 15;
const portsMax = 10_000;

/** The parts of a configuration document that matter here. */
export function parseImageConfig(view: JsonView, file: string): ImageConfig {
  const config = view.optionalObject("config");
  const rootfs = view.object("rootfs");
  return {
    file,
    entrypoint: config?.texts("Entrypoint") ?? [],
    cmd: config?.texts("Cmd") ?? [],
    env: config?.texts("Env") ?? [],
    workingDir: config?.optionalText("WorkingDir") ?? "",
    user: config?.optionalText("User") ?? "",
    exposedPorts: config?.keys("ExposedPorts") ?? [],
    stopSignal: config?.optionalText("StopSignal") ?? "",
    volumes: config?.keys("Volumes") ?? [],
    labels: config?.textMap("Labels") ?? new Map(),
    diffIds: rootfs.texts("diff_ids").map((text) => parseDigest(text, { file })),
  };
}

/** The process that a configuration asks for; `readFile` finds /etc/passwd and /etc/group in the root file system. */
export function resolveProcess(
  config: ImageConfig,
  readFile: ReadRootFile,
  overrides: ProcessOverrides = {},
): ProcessSpec {
  const { file } = config;
  const { home, ...user } = resolveUser(overrides.user ?? config.user, readFile, file);
  return {
    argv: argvOf(config, overrides),
    env: environment([...config.env, ...overrides.env ?? []], home, file),
    cwd: absolute(overrides.workingDir ?? config.workingDir, file),
    ...user,
    ports: portsOf(config),
    stopSignal: config.stopSignal === "" ? sigterm : parseSignal(config.stopSignal, file),
  };
}

function argvOf(config: ImageConfig, overrides: ProcessOverrides): string[] {
  const entrypoint = overrides.entrypoint ?? config.entrypoint;
  const cmd = overrides.args ?? (overrides.entrypoint === undefined ? config.cmd : []);
  const argv = [...entrypoint, ...cmd];
  if (argv.length === 0) {
    throw badInput("the image has no entrypoint and no command: say what to run", { file: config.file });
  }
  if (argv[0] === "") throw badInput("the image's entrypoint is an empty string", { file: config.file });
  for (const argument of argv) requireNoNul(argument, "an argument", config.file);
  return argv;
}

// The last of several variables of one name counts, as in docker; it keeps the first one's place.
function environment(entries: readonly string[], home: string, file: string): string[] {
  const variables = new Map<string, string>();
  for (const entry of entries) {
    requireNoNul(entry, "a variable", file);
    const equals = entry.indexOf("=");
    // Without "=" docker has nothing to set.
    if (equals > 0) variables.set(entry.slice(0, equals), entry);
  }
  if (!variables.has("PATH")) variables.set("PATH", defaultPath);
  if (!variables.has("HOME")) variables.set("HOME", `HOME=${home}`);
  return [...variables.values()];
}

function absolute(directory: string, file: string): string {
  requireNoNul(directory, "the working directory", file);
  return directory.startsWith("/") ? directory : `/${directory}`;
}

function portsOf({ exposedPorts, file }: ImageConfig): Port[] {
  const ports: Port[] = [];
  for (const text of exposedPorts) {
    ports.push(...parsePorts(text, file));
    if (ports.length > portsMax) throw overLimit(`the image exposes more than ${portsMax} ports`, { file });
  }
  return ports;
}

// "8080", "8080/udp" or "8000-8010/tcp".
function parsePorts(text: string, file: string): Port[] {
  const match = /^([0-9]{1,5})(?:-([0-9]{1,5}))?(?:\/(tcp|udp|sctp))?$/i.exec(text);
  const first = Number(match?.[1]);
  const last = Number(match?.[2] ?? match?.[1]);
  if (match === null || first < 1 || last < first || last > 65535) {
    throw badInput(`exposed port ${JSON.stringify(text.slice(0, 100))} is not a port`, { file });
  }
  const protocol = (match[3] ?? "tcp").toLowerCase() as Port["protocol"];
  return Array.from({ length: last - first + 1 }, (_, i) => ({ number: first + i, protocol }));
}

function requireNoNul(text: string, what: string, file: string): void {
  if (text.includes("\0")) throw badInput(`${what} of the image holds a NUL`, { file });
}
