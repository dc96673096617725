/** A server for unknown_method_test.ts, which is run in real Node: says what the handler was asked. */
import { fetchAnswer } from "./fetch_answer.ts";
import { serveNode } from "./server.ts";

const answer = async (request: Request): Promise<Response> => {
  const fields = { "X-Host": request.headers.get("host") ?? "", "X-Path": new URL(request.url).pathname };
  const text = request.body === null ? "" : await request.text();
  return new Response(`${request.method} ${text}`, { status: 501, headers: fields });
};
const { port } = await serveNode(fetchAnswer(answer, () => {}), { port: 0, hostname: "127.0.0.1" });
console.log(port);
