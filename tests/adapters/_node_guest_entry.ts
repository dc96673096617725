import { startNode } from "../../adapters/node/mod.ts";
import { sharedServer } from "./_entries.ts";

await startNode(sharedServer(), { hostname: "127.0.0.1" });
