/** `translate`: a container image into a folder that Deno, Workers and Node serve as it is. */
import { readFileSync } from "node:fs";
import { parseWarmFile, type WarmRequest } from "../boot/warm.ts";
import { badInput } from "../errors.ts";
import { DEFAULT_CPU_LEVEL } from "../machine/cpu_level.ts";
import { type Target, TARGETS } from "./bundle.ts";
import { parseCpuLevel } from "./cpu_option.ts";
import { translateImage } from "./translate_image.ts";
import { report } from "./translate_report.ts";
import { oneImage, parseBootTimeout, parseCommandLine, parseEnvironment, UsageError } from "./usage.ts";

const HELP = `Usage: deno task translate IMAGE [options] [-- ARGUMENTS]

Translates the server of a container image. IMAGE is a docker-save tar, or an OCI image layout (tar or directory); layers and
the archive itself may be plain, gzip or zstd. ARGUMENTS take the place of the image's command, as those of docker run do.

  --out DIR        output folder (default: out); an earlier translation there is replaced
  --target LIST    hosts to make entries for, of deno,workers,node (default: all three)
  --port N         the server's port that gets the requests (default: the first one that the image exposes and the server
                   listens on, or else the first that it listens on for others than itself)
  --env NAME=VALUE an environment variable besides those of the image, or in place of one; may be repeated
  --warm FILE      requests to answer before the server is frozen: a path, METHOD PATH, or a JSON object
                   {"method","path","headers","body","times","keep"} a line (the body is sent so many times over; with
                   "keep": false what the request changes is not kept, only the code it runs is noted)
  --cpu LEVEL      the processor the image's programs are shown: x86-64-v2 (default) or x86-64-v3
  --optimise       run wasm-opt: wasm of 6 to 8 % fewer bytes, for hosts that limit these (Workers: 64 MiB), at some 40 kB
                   of x86 a second and core; compressed it grows by an eighth, and it is no quicker. Files that are kept
                   compressed take 4 % less
  --fast           do not (the default)
  --stateful       Workers: one instance for all requests, in a Durable Object, which keeps what the server keeps in memory
                   and in files (default: an instance of its own for each request, as the snapshot has it)
  --log-memory     have the hosts log how much memory the guest has, when it is more than ever
  --no-cache       translate everything, and keep nothing for the next time (in $LIGHTER_CACHE, or ~/.cache/lighter)
  --boot-timeout S give up when the server has computed this long without listening (default 120), or a
                   sixth of it for a training request
  --json           print the manifest instead of the report
  --verbose        show the server's output while it boots
  --trace          write every system call of the boot, the warm-up and the training to standard error
  --help           this text

The folder needs nothing else: \`deno serve DIR/deno.js\`, \`node DIR/node.mjs\`, \`cd DIR && wrangler dev\`.`;

const OPTIONS = {
  out: { type: "string", default: "out" },
  target: { type: "string", default: TARGETS.join(",") },
  port: { type: "string" },
  env: { type: "string", multiple: true },
  warm: { type: "string" },
  cpu: { type: "string", default: DEFAULT_CPU_LEVEL },
  fast: { type: "boolean", default: false },
  optimise: { type: "boolean", default: false },
  stateful: { type: "boolean", default: false },
  "log-memory": { type: "boolean", default: false },
  "no-cache": { type: "boolean", default: false },
  "boot-timeout": { type: "string", default: "120" },
  json: { type: "boolean", default: false },
  verbose: { type: "boolean", default: false },
  trace: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

export async function translateCommand(args: string[]): Promise<number> {
  const end = args.includes("--") ? args.indexOf("--") : args.length, after = args.slice(end + 1);
  const { values, positionals } = parseCommandLine({
    args: args.slice(0, end),
    options: OPTIONS,
    allowPositionals: true,
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  if (values.fast && values.optimise) throw new UsageError("--fast and --optimise exclude each other");
  const image = oneImage(positionals);
  const bootTimeoutMs = parseBootTimeout(values["boot-timeout"]);
  const result = await translateImage(image, {
    out: values.out,
    targets: parseTargets(values.target),
    warm: values.warm === undefined ? [] : readWarmFile(values.warm),
    env: parseEnvironment(values.env ?? []),
    ...(after.length === 0 ? {} : { args: after }),
    ...(values.port === undefined ? {} : { port: parsePort(values.port) }),
    optimise: values.optimise,
    stateful: values.stateful,
    logMemory: values["log-memory"],
    bootTimeoutMs,
    cache: !values["no-cache"],
    cpuLevel: parseCpuLevel(values.cpu),
    onProgress: progressLine,
    ...(values.trace ? { onSyscall: (line: string) => console.error(line), onStage: stageLine } : {}),
    ...(values.verbose ? { onOutput: (line: string) => console.error(`| ${line}`) } : {}),
  });
  console.log(values.json ? JSON.stringify(result.app.manifest, null, 1) : report(result));
  return 0;
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65535) {
    throw new UsageError(`--port ${text}: want a number to 65535`);
  }
  return port;
}

function parseTargets(list: string): Target[] {
  const names = list.split(",").map((n) => n.trim()).filter((n) => n !== "");
  for (const name of names) {
    if (!TARGETS.includes(name as Target)) {
      throw new UsageError(`unknown target ${JSON.stringify(name)}: want ${TARGETS.join(", ")}`);
    }
  }
  if (names.length === 0) throw new UsageError("--target names no host");
  return names as Target[];
}

function readWarmFile(path: string): WarmRequest[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (e) {
    throw badInput(`cannot read the warm file: ${(e as Error).message}`, { file: path });
  }
  return parseWarmFile(text, path);
}

/** Says between lines of a trace where the line is now. */
function stageLine(name: string): void {
  console.error(`--- ${name}`);
}

function progressLine(text: string): void {
  console.error(text);
}
