import process from "node:process";
import v8 from "node:v8";

/** The last major version of V8 in which branch hints have to be asked for: that of Node 24. */
const LAST_MAJOR = 13;

/** Has V8 heed the branch hints of modules that are compiled from now on (src/emit/branch_hints.ts). */
export function heedBranchHints(): void {
  // Later ones heed them unasked, and some of these say of the flag that they do not know it.
  if (Number(process.versions.v8.split(".", 1)[0]) <= LAST_MAJOR) {
    v8.setFlagsFromString("--experimental-wasm-branch-hinting");
  }
}
