/** The child process of wasm_opt.ts: the package's tool is a CommonJS script without a file extension. */
import { createRequire } from "node:module";

createRequire(import.meta.url)("binaryen/bin/wasm-opt");
