/** What node:net costs without us: answers each packet with the fields and the body in $RESPONSE. */
import { createServer } from "node:net";
import process from "node:process";

const { fields, body } = JSON.parse(process.env.RESPONSE);
const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join("");
const answer = Buffer.from(`HTTP/1.1 200 OK\r\n${lines}\r\n${body}`, "latin1");
createServer({ noDelay: true }, (socket) => {
  socket.on("error", () => {});
  socket.on("data", () => void socket.write(answer));
}).listen(Number(process.env.PORT), "127.0.0.1");
