import process from "node:process";
import v8 from "node:v8";

/** The last major version of V8 that is asked: that of Node 24. Later ones say of these flags that they do not know them. */
const LAST_MAJOR = 13;

const FLAGS = [
  // Later ones heed branch hints unasked (src/emit/branch_hints.ts).
  "--experimental-wasm-branch-hinting",
  // A function is validated when it is compiled, that is when it is first called: most never are.
  "--wasm-lazy-validation",
];

/** Sets V8's flags for modules that are compiled from now on. */
export function setV8Flags(): void {
  if (Number(process.versions.v8.split(".", 1)[0]) > LAST_MAJOR) return;
  for (const flag of FLAGS) v8.setFlagsFromString(flag);
}
