import { expect, test } from "vitest";
import { bigPiece, scriptedServer } from "../../tests/support/scripted_server.ts";
import { ScriptedGuest } from "../../tests/support/scripted_guest.ts";
import { createHandler, type HandlerOptions } from "./handler.ts";
import { type GuestInstance, pooledInstances, sharedInstance } from "./instance.ts";
import { rawResponse } from "./raw.ts";

function stage(options: HandlerOptions = {}) {
  const log: string[] = [];
  const guests: ReturnType<typeof scriptedServer>[] = [];
  const source = sharedInstance(() => {
    guests.push(scriptedServer());
    return guests[guests.length - 1];
  });
  const handler = createHandler(source, { log: (line) => log.push(line), ...options });
  const get = (path: string, init?: RequestInit) => handler(new Request(`http://app.test${path}`, init));
  const stats = async () => JSON.parse(await (await get("/stats")).text()) as Record<string, number>;
  return { handler, get, log, guests, stats };
}

test("a request reaches the guest and its answer comes back", async () => {
  const { get } = stage();
  const r = await get("/hello");
  expect([r.status, r.statusText, r.headers.get("content-type")]).toEqual([200, "OK", "text/plain"]);
  expect(await r.text()).toBe("hello world\n");
});

test("the guest sees host, path, query, fields and who forwarded", async () => {
  const { handler } = stage();
  const request = new Request("http://app.test:99/head?a=b%20c", { headers: { "X-One": "1", cookie: "k=v" } });
  const head = await (await handler(request, { remoteAddress: "10.1.1.1" })).text();
  expect(head.split("\n").slice(0, -1)).toEqual([
    "GET /head?a=b%20c HTTP/1.1",
    "Host: app.test:99",
    "Cookie: k=v",
    "X-One: 1",
    "X-Forwarded-For: 10.1.1.1",
    "X-Forwarded-Proto: http",
    "X-Forwarded-Host: app.test:99",
  ]);
});

test("raw fields and target are sent as the client wrote them", async () => {
  const { handler } = stage({ forwarded: false });
  const head = await (await handler(new Request("http://app.test/head"), {
    rawTarget: "/./head",
    rawFields: [["hOST", "h:1"], ["x-B", "2"], ["X-a", "1"], ["x-B", "3"]],
  })).text();
  expect(head).toBe("GET /./head HTTP/1.1\nHost: h:1\nx-B: 2\nX-a: 1\nx-B: 3\n");
});

test("remembered requests: the guest sees each as if there had been none before", async () => {
  const forgets = stage(), remembers = stage({ remembersRequests: true });
  const requests: [path: string, init: RequestInit, remoteAddress?: string][] = [
    ["/head", {}],
    ["/head?a", {}],
    ["/head", { headers: { a: "1" } }],
    ["/head", { headers: { a: "2" } }],
    ["/head", { headers: { a: "1", b: "1" } }],
    ["/head", { headers: { b: "1" } }],
    ["/head", { headers: { a: "b", c: "d" } }],
    ["/head", { headers: { a: "1", "x-forwarded-for": "1.2.3.4" } }],
    ["/head", { method: "DELETE" }],
    ["/head", { method: "POST", body: "one" }],
    ["/head", { method: "POST", body: "three" }],
    ["/head", {}, "10.1.1.1"],
    ["/head", {}, "10.1.1.2"],
    ["/head", { headers: { a: "x".repeat(3000) } }],
    ...Array.from({ length: 12 }, (_, i): [string, RequestInit] => [`/head?${i}`, {}]),
  ];
  for (const [path, init, remoteAddress] of [...requests, ...requests, ...requests.toReversed()]) {
    const ask = async ({ handler }: typeof forgets) => {
      const info = remoteAddress === undefined ? {} : { remoteAddress };
      return await (await handler(new Request(`http://app.test${path}`, init), info)).text();
    };
    expect(await ask(remembers)).toBe(await ask(forgets));
  }
});

test("what a guest answers again is the same as the first time", async () => {
  const { get, stats } = stage();
  const paths = [
    "/hello",
    "/reason",
    "/cookies",
    "/hop",
    "/says",
    "/chunked",
    "/close",
    "/early-hints",
    "/big?n=70000",
  ];
  for (const code of [200, 204, 205, 304, 404]) paths.push(`/status?code=${code}&fields=Content-Length:%200%0d%0a`);
  paths.push("/status?code=204", "/status?code=304&fields=Content-Length:%203%0d%0a");
  const ask = async (path: string, method: string) => {
    const r = await get(path, { method });
    return [path, method, r.status, r.statusText, [...r.headers], await r.text()];
  };
  const methods = ["GET", "HEAD", "POST"];
  for (const path of paths) {
    // Servers answer HEAD with the fields of GET; these send a body all the same.
    const apart = path.startsWith("/chunked") || path.startsWith("/close") || path.startsWith("/big")
      ? ["GET"]
      : methods;
    for (const method of apart) {
      const first = await ask(path, method);
      for (let i = 0; i < 3; i++) {
        expect(await ask("/hello", "GET")).toEqual(["/hello", "GET", 200, "OK", HELLO_FIELDS, "hello world\n"]);
        expect(await ask(path, method)).toEqual(first);
      }
    }
  }
  expect((await stats()).resets).toBe(0);
});

const HELLO_FIELDS = [["content-length", "12"], ["content-type", "text/plain"]];

test("reason, odd statuses, repeated cookies; fields of the connection stay behind", async () => {
  const { get } = stage();
  const teapot = await get("/reason");
  expect([teapot.status, teapot.statusText]).toEqual([418, "I'm a Teapot\xe9"]);
  expect(rawResponse(teapot)?.head.fields[2]).toEqual(["X-Upper-CASE", "Kept"]);
  const cookies = await get("/cookies");
  expect(cookies.headers.getSetCookie()).toEqual(["a=1; Path=/", "b=2"]);
  expect(cookies.headers.get("x-multi")).toBe("1, 2");
  expect([...(await get("/hop")).headers.keys()]).toEqual(["content-length", "content-type", "x-end"]);
});

test("bodies by chunks and by closing, none after HEAD, 204, 304 and 205", async () => {
  const { get } = stage();
  expect(await (await get("/chunked")).text()).toBe("one two three");
  expect(await (await get("/close")).text()).toBe("until the connection closes");
  const head = await get("/hello", { method: "HEAD" });
  expect([head.headers.get("content-length"), await head.text()]).toEqual(["12", ""]);
  for (const code of [204, 304]) {
    const r = await get(`/status?code=${code}&fields=ETag:%20x%0d%0a`);
    expect([r.status, r.headers.get("etag"), await r.text()]).toEqual([code, "x", ""]);
  }
  const reset = await get("/status?code=205&fields=Content-Length:%200%0d%0a");
  expect([reset.status, await reset.text()]).toEqual([205, ""]);
});

test("informational responses are told, not served", async () => {
  const { handler } = stage();
  const told: number[] = [];
  const r = await handler(new Request("http://app.test/early-hints"), { onInformational: (s) => told.push(s) });
  expect([r.status, await r.text(), told]).toEqual([200, "after hints", [103]]);
});

test("connections are used again where the guest agrees", async () => {
  const { get, stats } = stage();
  for (let i = 0; i < 5; i++) await (await get("/hello")).text();
  expect((await stats()).connections).toBe(1);
  await (await get("/close")).text();
  expect((await stats()).connections).toBe(2);
});

test("a connection the guest closed after promising to keep it costs nobody a request", async () => {
  const { get, stats } = stage();
  await (await get("/once")).text();
  expect((await get("/hello")).status).toBe(200);
  expect((await stats()).connections).toBe(2);
});

test("an upload reaches the guest whole, with a length or in chunks", async () => {
  const { get } = stage();
  const megabyte = bigPiece(0, 1 << 20);
  expect(await (await get("/count", { method: "POST", body: megabyte as BufferSource })).text()).toBe("1048576");
  const empty = await get("/count", { method: "POST", body: "", headers: { "content-length": "0" } });
  expect(await empty.text()).toBe("0");
  let sent = 0;
  const body = new ReadableStream({
    pull(c) {
      if (sent >= 1 << 20) return c.close();
      c.enqueue(bigPiece(sent, 1000));
      sent += 1000;
    },
  });
  const streamed = await get("/count", { method: "POST", body, duplex: "half" } as RequestInit);
  expect(await streamed.text()).toBe(String(sent));
});

test("a small body comes together with the head, as clients send it", async () => {
  const { get } = stage();
  const post = async (headers: Record<string, string>) =>
    await (await get("/waiting", { method: "POST", body: "a=1&b=2", headers })).text();
  expect(await post({ "content-length": "7" })).toBe("a=1&b=2");
  expect(await post({})).toBe("7\r\na=1&b=2\r\n");
});

test("a head does not wait for a body that comes later", async () => {
  const { get } = stage();
  let send!: ReadableStreamDefaultController<Uint8Array>;
  const body = new ReadableStream<Uint8Array>({ start: (controller) => void (send = controller) });
  const answer = get("/waiting", { method: "POST", body, duplex: "half" } as RequestInit);
  await new Promise((go) => setTimeout(go, 50));
  send.enqueue(new TextEncoder().encode("late"));
  send.close();
  expect(await (await answer).text()).toBe("");
});

test("a large download arrives whole, and the guest is not ahead of the client by more than its buffers", async () => {
  const { get, guests } = stage();
  const size = 20 << 20;
  const r = await get(`/big?n=${size}`);
  const reader = r.body!.getReader();
  let at = 0;
  while (true) {
    const { done, value } = await reader.read();
    if (done) break;
    if (at % 7 === 0) expect(value).toEqual(bigPiece(at, value.length));
    at += value.length;
    expect(guests[0].stats.bigBytes - at).toBeLessThan(1 << 20);
    if (at > 2 << 20 && at < 3 << 20) await new Promise((go) => setTimeout(go, 1));
  }
  expect(at).toBe(size);
});

test("both directions stream at once", async () => {
  const { get } = stage();
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const r = await get("/echo", { method: "POST", body: readable, duplex: "half" } as RequestInit);
  const reader = r.body!.getReader();
  for (const word of ["one", "two", "three"]) {
    await writer.write(new TextEncoder().encode(word));
    expect(new TextDecoder().decode((await reader.read()).value)).toBe(word);
  }
  await writer.close();
  expect((await reader.read()).done).toBe(true);
});

test("a slow reader holds the client's upload back", async () => {
  const { get } = stage();
  let pulled = 0;
  const size = 4 << 20;
  const body = new ReadableStream({
    pull(c) {
      pulled += 65536;
      c.enqueue(new Uint8Array(65536));
      if (pulled >= size) c.close();
    },
  });
  const init = { method: "POST", body, duplex: "half", headers: { "content-length": String(size) } } as RequestInit;
  const answer = get("/slow-count", init);
  await new Promise((go) => setTimeout(go, 5));
  expect(pulled).toBeLessThan(1 << 20);
  expect(await (await answer).text()).toBe(String(size));
});

test("pieces come as the guest writes them, by its own timers", async () => {
  const { get } = stage();
  const r = await get("/ticks?n=3&ms=50");
  const times: number[] = [];
  for await (const _ of r.body!) times.push(performance.now());
  expect(times.length).toBe(3);
  expect(times[2] - times[0]).toBeGreaterThan(80);
});

test("a client that vanishes resets the guest's connection, before and after the head", async () => {
  const { get, stats } = stage();
  const control = new AbortController();
  const waiting = get("/hang", { signal: control.signal });
  await new Promise((go) => setTimeout(go, 1));
  control.abort();
  expect((await waiting).status).toBe(499);
  expect((await stats()).resets).toBe(1);
  const r = await get("/big?n=50000000");
  const reader = r.body!.getReader();
  await reader.read();
  await reader.cancel();
  expect((await stats()).resets).toBe(2);
});

test("an upload that breaks off aborts the request", async () => {
  const { get, stats } = stage();
  let n = 0;
  const body = new ReadableStream({
    pull(c) {
      if (n++ < 3) c.enqueue(new Uint8Array(1000));
      else c.error(new Error("client gone"));
    },
  });
  expect((await get("/count", { method: "POST", body, duplex: "half" } as RequestInit)).status).toBe(499);
  expect((await stats()).resets).toBe(1);
});

test("an early answer ends the upload", async () => {
  const { get } = stage();
  let cancelled = false;
  const body = new ReadableStream({
    pull: (c) => c.enqueue(new Uint8Array(65536)),
    cancel: () => void (cancelled = true),
  });
  const r = await get("/refuse-body", { method: "POST", body, duplex: "half" } as RequestInit);
  expect([r.status, await r.text()]).toEqual([413, "too much"]);
  await new Promise((go) => setTimeout(go, 5));
  expect(cancelled).toBe(true);
});

test("rubbish and silence are 502 with a line in the log, and others go on", async () => {
  const { get, log, guests } = stage();
  expect((await get("/garbage")).status).toBe(502);
  expect((await get("/silent")).status).toBe(502);
  expect(log.length).toBe(2);
  expect(log[0]).toContain("GET http://app.test/garbage: no valid response from the guest: not an HTTP/1 status line");
  expect((await get("/hello")).status).toBe(200);
  expect(guests.length).toBe(1);
});

test("a body that breaks off is an error, not an end", async () => {
  const { get } = stage();
  expect((await get("/break?n=1000")).status).toBe(502); // seen before anything was passed on
  const r = await get("/break?n=1000000");
  await expect(r.text()).rejects.toThrow();
});

test("a guest that dies fails its requests with 502, and the next one gets a new guest", async () => {
  const { get, guests } = stage();
  const [hanging, dead] = await Promise.all([get("/hang"), get("/die")]);
  expect([hanging.status, dead.status]).toEqual([502, 502]);
  expect((await get("/hello")).status).toBe(200);
  expect(guests.length).toBe(2);
  expect((await get("/bomb")).status).toBe(502);
  expect((await get("/hello")).status).toBe(200);
  expect(guests.length).toBe(3);
});

test("no listener is 503, no answer in time is 504, no guest is 502", async () => {
  const idle = () => new ScriptedGuest(function* () {});
  expect((await createHandler(sharedInstance(idle))(new Request("http://app.test/"))).status).toBe(503);
  const { get, stats } = stage({ timeoutMs: 30 });
  expect((await get("/hang")).status).toBe(504);
  expect((await stats()).resets).toBe(1);
  const broken = createHandler(sharedInstance(() => Promise.reject(new Error("no memory"))));
  expect((await broken(new Request("http://app.test/"))).status).toBe(502);
});

test("many requests at once share one guest, each with its own answer", async () => {
  const { get, guests } = stage();
  const all = await Promise.all(Array.from({ length: 200 }, async (_, i) => {
    const r = i % 3 ? await get(`/head?${i}`) : await get(`/sleep?ms=${i % 20}`);
    return i % 3 ? (await r.text()).startsWith(`GET /head?${i} `) : (await r.text()) === "slept";
  }));
  expect(all.every(Boolean)).toBe(true);
  expect(guests.length).toBe(1);
});

test("a guest that computes leaves the host its turn", async () => {
  const { get } = stage({ sliceMs: 5 });
  let ticks = 0;
  const timer = setInterval(() => ticks++, 5);
  expect(await (await get("/spin?ms=150")).text()).toBe("spun");
  clearInterval(timer);
  // Without slices there would be no turn at all before the answer; how many there are is the machine's affair.
  expect(ticks).toBeGreaterThan(0);
});

test("isolated: each request has a guest of its own while it lasts, reset and used again after", async () => {
  let made = 0, reset = 0;
  const used = new Set<GuestInstance>();
  const source = pooledInstances(() => {
    made++;
    return scriptedServer();
  }, (instance) => {
    reset++;
    used.add(instance);
    return true;
  });
  const handler = createHandler(source);
  const get = (path: string) => handler(new Request(`http://app.test${path}`));
  const streams = await Promise.all([get("/ticks?n=2&ms=20"), get("/big?n=1000000"), get("/hello")]);
  expect(made).toBe(3);
  for (const r of streams) await r.text();
  expect(reset).toBe(3);
  await (await get("/hello")).text();
  expect(made).toBe(3);
  expect((await get("/die")).status).toBe(502);
  expect(reset).toBe(4);
});
