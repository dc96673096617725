/** node.mjs of a translated image: `PORT=8080 node DIR/node.mjs`. */
import { sharedInstance } from "../../src/serve/mod.ts";
import { packagedApp, packagedOptions } from "../package.ts";
import { setV8Flags } from "./v8_flags.ts";
import { nodeHost, startNode } from "./mod.ts";

setV8Flags();
const app = packagedApp({
  host: nodeHost,
  compiler: null,
  interpreter: null,
  loadTranslator: async () => (await import("../translator.ts")).createTranslator(),
});

const server = await startNode(sharedInstance(() => app.newInstance()), packagedOptions());
console.log(`Listening on http://localhost:${server.port}/`);
