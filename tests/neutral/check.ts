/**
 * Type-checks src, without its commands, with the types of the web only: no Deno, no Node, no Workers. What compiles so runs on
 * each of them. node.d.ts declares the little that two files take from Node's modules.
 */
import { spawnSync } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { sourceFiles } from "../support/imports.ts";

const files = sourceFiles("src").filter((file) => !file.startsWith("src/cli/"));
const config = fileURLToPath(new URL("config.json", import.meta.url));
const { status } = spawnSync(process.execPath, ["check", "--quiet", "--no-lock", "--config", config, ...files], {
  cwd: fileURLToPath(new URL("../../", import.meta.url)),
  stdio: "inherit",
});
if (status === 0) console.log(`${files.length} files of src check without any host's types`);
process.exit(status ?? 1);
