/** deno.js of a translated image: `deno serve DIR/deno.js`, or deployed to Deno Deploy. */
import { JitCompiler } from "../../src/jit/lazy_compiler.ts";
import { IrMissInterpreter } from "../../src/jit/miss_interpreter.ts";
import { sharedInstance } from "../../src/serve/mod.ts";
import { packagedApp, packagedOptions } from "../package.ts";
import { createDenoEntry, denoHost } from "./mod.ts";

const app = packagedApp({ host: denoHost, compiler: new JitCompiler(), interpreter: new IrMissInterpreter() });

export default createDenoEntry(sharedInstance(() => app.newInstance()), packagedOptions());
