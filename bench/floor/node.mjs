/** What node:http costs without us: answers with the fields and the body in $RESPONSE. */
import { createServer } from "node:http";
import process from "node:process";

const { fields, body } = JSON.parse(process.env.RESPONSE);
const flat = fields.flat();
createServer((_request, out) => {
  out.sendDate = false;
  out.writeHead(200, "OK", flat);
  out.end(body, "latin1");
}).listen(Number(process.env.PORT), "127.0.0.1");
