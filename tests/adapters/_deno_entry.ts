import { createDenoEntry } from "../../adapters/deno/mod.ts";
import { addRoute, sharedServer } from "./_entries.ts";

export default createDenoEntry(sharedServer(), {}, addRoute);
