/** A server for tcp_server_test.ts, which is run in Node and Deno: the scripted guest behind node:net, closed when stdin ends. */
import process from "node:process";
import { setImmediate } from "node:timers";
import { Front, Gateway, sharedInstance } from "../src/serve/mod.ts";
import { scriptedServer } from "../tests/support/scripted_server.ts";
import { serveTcp } from "./tcp_server.ts";

const guest = scriptedServer();
const gateway = new Gateway(sharedInstance(() => guest), { keepsTime: false });
const server = await serveTcp(new Front(gateway, setImmediate), { port: 0, hostname: "127.0.0.1" });
console.log(server.port);
process.stdin.on("end", async () => {
  await server.close();
  console.log("closed");
}).resume();
