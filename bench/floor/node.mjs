/** What node:net costs on Node and Deno without us: answers each packet with the fields and the body in $RESPONSE. */
import { createServer, Socket } from "node:net";
import process from "node:process";

const { fields, body } = JSON.parse(process.env.RESPONSE);
const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join("");
const answer = new TextEncoder().encode(`HTTP/1.1 200 OK\r\n${lines}\r\n${body}`);
const buffer = new Uint8Array(65536);
// As adapters/tcp_server.ts has it.
createServer({ noDelay: true, pauseOnConnect: true }, (accepted) => {
  const { _handle: handle } = accepted;
  accepted._handle = null;
  const socket = new Socket({ handle, onread: { buffer, callback: () => socket.write(answer) } });
  socket.on("error", () => {});
  socket.on("close", () => accepted.destroy());
  socket.resume();
}).listen(Number(process.env.PORT), "127.0.0.1");
