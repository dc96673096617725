import { startDeno } from "../../adapters/deno/mod.ts";
import { sharedServer } from "./_entries.ts";

await startDeno(sharedServer(), { listenPort: Number(Deno.env.get("PORT")), hostname: "127.0.0.1" });
