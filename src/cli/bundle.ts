/** Host entries as single files: an adapter bundled with the run time, and lines on top that bring in what was translated. */
import { extname, relative } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import { bug } from "../errors.ts";
import { GROUP_BINDING, GROUP_FOLDER, groupFile } from "../package/compressed_files.ts";
import type { Manifest } from "../package/manifest.ts";

export const TARGETS = ["deno", "workers", "node"] as const;
export type Target = (typeof TARGETS)[number];

/** Name of a target's entry in the output folder. */
export const ENTRY_FILES: Record<Target, string> = { deno: "deno.js", workers: "worker.js", node: "node.mjs" };

/** Beside deno.js: a program that serves with a server of its own, in place of `deno serve`. */
export const DENO_SERVER_FILE = "deno_server.js";

/** The text of DENO_SERVER_FILE. */
export function denoServer(): string {
  return `${HEAD}
// PORT=8080 deno run --allow-net --allow-env=PORT ${DENO_SERVER_FILE}
import { start } from "./${ENTRY_FILES.deno}";

const server = await start({ listenPort: Number(Deno.env.get("PORT") || 8080) });
console.log(\`Listening on http://localhost:\${server.port}/\`);
`;
}

const HEAD = "// Made by Lighter (deno task translate). Not to be edited: translate the image again instead.";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** A target's files by name: its entry, and what that loads when it is wanted, in a folder of the target's name. */
export async function bundleEntry(target: Target, manifest: Manifest): Promise<Map<string, string>> {
  const result = await esbuild.build({
    absWorkingDir: ROOT,
    entryPoints: [`adapters/${target}/entry.ts`],
    bundle: true,
    write: false,
    splitting: true,
    outdir: ".",
    entryNames: "entry",
    chunkNames: `${target}/[name]-[hash]`,
    outExtension: { ".js": extname(ENTRY_FILES[target]) },
    format: "esm",
    platform: target === "node" ? "node" : "neutral",
    mainFields: ["module", "main"],
    conditions: target === "workers" ? ["workerd", "worker"] : [],
    external: ["node:*"],
    target: "es2023",
    legalComments: "none",
    minifySyntax: true,
    minifyWhitespace: true,
    logLevel: "silent",
  });
  const files = new Map<string, string>();
  for (const { path, text } of result.outputFiles) {
    const name = relative(ROOT, path).replaceAll("\\", "/"), isEntry = name.startsWith("entry.");
    if (isEntry) files.set(ENTRY_FILES[target], `${prelude(target, manifest)}\n${text}`);
    else files.set(name, `${HEAD}\n${text}`);
  }
  if (!files.has(ENTRY_FILES[target])) throw bug(`no bundle for ${target}`);
  return files;
}

/** The target that alone has a file of the output; null for those that all have. */
export function targetOfFile(name: string): Target | null {
  if (name === DENO_SERVER_FILE) return "deno";
  return TARGETS.find((target) => name === ENTRY_FILES[target] || name.startsWith(`${target}/`)) ?? null;
}

/** Ends esbuild's service, which would keep the process alive. */
export async function stopBundler(): Promise<void> {
  await esbuild.stop();
}

/** Lines that set globalThis.LIGHTER, with names no bundle has. Imports run before everything else, the assignment before the bundle below it. */
function prelude(target: Target, manifest: Manifest): string {
  const there = manifest.modules.filter((m) => target !== "workers" || !manifest.leftOut.includes(m.name));
  const modules: [name: string, file: string][] = [
    ["base", "base.wasm"],
    ...there.map((m): [string, string] => [m.name, m.file]),
  ];
  const json = JSON.stringify(manifest);
  if (target === "node") {
    const load = (file: string) => `lighterFile(${JSON.stringify(`./${file}`)})`;
    return [
      HEAD,
      `import { readFileSync as lighterRead } from "node:fs";`,
      // A view, for some methods of a Buffer do other things than those of an array.
      `const lighterFile = (name) => {`,
      `  const { buffer, byteOffset, length } = lighterRead(new URL(name, import.meta.url));`,
      `  return new Uint8Array(buffer, byteOffset, length);`,
      `};`,
      `globalThis.LIGHTER = { manifest: ${json}, modules: {`,
      ...modules.map(([name, file]) => `  ${name}: () => ${load(file)},`),
      `}, data: ${load(manifest.data)}, files: { read: (n) => lighterFile(\`./${GROUP_FOLDER}/\${n}.wasm\`) } };`,
    ].join("\n");
  }
  const keyword = target === "deno" ? "import source" : "import";
  const isLater = ([name]: [string, string]) =>
    target === "deno" && manifest.modules.some((m) => m.name === name && !m.isRun);
  return [
    HEAD,
    ...target === "workers" ? [`import { env as lighterEnv } from "cloudflare:workers";`] : [],
    ...modules.filter((m) => !isLater(m)).map(([name, file]) =>
      `${keyword} lighter_${name} from ${JSON.stringify(`./${file}`)};`
    ),
    `${keyword} lighterData from ${JSON.stringify(`./${manifest.data}`)};`,
    `globalThis.LIGHTER = { manifest: ${json}, modules: { ${
      modules.map((m) => `${m[0]}: ${isLater(m) ? `{ fetch: () => import.source("./${m[1]}") }` : `lighter_${m[0]}`}`)
        .join(", ")
    } }, data: lighterData, files: ${target === "deno" ? denoFiles(manifest) : WORKERS_FILES} };`,
  ].join("\n");
}

/** Literal names, since a program without a read permission may import no others. Each is read when it is first asked for. */
function denoFiles({ rootfs }: Manifest): string {
  const imports = Array.from({ length: rootfs.groups }, (_, n) => `() => import.source("./${groupFile(n)}")`);
  return `{ fetch: (n) => [${imports.join(", ")}][n]() }`;
}

/** The host of the address is nobody's: a binding looks at the path. */
const WORKERS_FILES = `{ fetch: async (n) => {
  const { ${GROUP_BINDING} } = lighterEnv;
  if (!${GROUP_BINDING}) throw new Error("the Worker has no binding ${GROUP_BINDING}: see [assets] in the output's wrangler.toml");
  const response = await ${GROUP_BINDING}.fetch(\`http://${GROUP_FOLDER}/\${n}.wasm\`);
  if (!response.ok) throw new Error(\`asset \${n}.wasm: status \${response.status}\`);
  return response.arrayBuffer();
} }`;

/** Binds the Durable Object of adapters/workers/entry.ts. */
const GUEST_OBJECT = `[[durable_objects.bindings]]
name = "GUEST"
class_name = "Guest"

[[migrations]]
tag = "v1"
new_sqlite_classes = ["Guest"]
`;

/** wrangler.toml of the output folder. Whether the server keeps its state is said there alone: the entry is the same. */
export function wranglerConfig(name: string, { stateful }: { stateful: boolean }): string {
  const object = stateful ? GUEST_OBJECT : GUEST_OBJECT.replace(/^(?=.)/gm, "# ");
  return `# Made by Lighter. Try it with \`wrangler dev\`, ship it with \`wrangler deploy\`.
name = ${JSON.stringify(name)}
main = "worker.js"
compatibility_date = "2026-04-01"
# Without these a client that leaves is not seen.
compatibility_flags = ["enable_request_signal", "request_signal_passthrough"]

# The data file is bytes to us, though it has the form of a wasm module (for the sake of Deno).
[[rules]]
type = "Data"
globs = ["**/*.data.wasm"]

[[rules]]
type = "CompiledWasm"
globs = ["**/*.wasm"]

# Files of the image that are not wanted at once: brought when the server opens one, and no client's to ask for.
[assets]
directory = "./${GROUP_FOLDER}"
binding = "${GROUP_BINDING}"
run_worker_first = true

# One instance of the server for all requests, which keeps its state, in place of one a request (translate --stateful).
${object}`;
}
