/** What Deno's TCP connections cost without us: answers each packet with the fields and the body in $RESPONSE. */
const { fields, body } = JSON.parse(Deno.env.get("RESPONSE"));
const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join("");
const answer = Uint8Array.from(`HTTP/1.1 200 OK\r\n${lines}\r\n${body}`, (character) => character.charCodeAt(0));

async function serve(conn) {
  const buffer = new Uint8Array(16384);
  try {
    while (await conn.read(buffer) !== null) await conn.write(answer);
    conn.close();
  } catch { /* the client has gone */ }
}

for await (const conn of Deno.listen({ hostname: "127.0.0.1", port: Number(Deno.env.get("PORT")) })) {
  conn.setNoDelay(true);
  void serve(conn);
}
