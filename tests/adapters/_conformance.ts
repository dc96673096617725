import { expect, test } from "vitest";
import { connect } from "node:net";
import { bigPiece } from "../support/scripted_server.ts";

/** A host with the scripted server behind our handler. */
export interface HostUnderTest {
  readonly name: string;
  /** Asked when a test runs: servers start in beforeAll. */
  url(): string;
  /** Whether the entry under test has added a route. */
  readonly hasRoute: boolean;
  /** Whether all requests reach one guest. */
  readonly shared: boolean;
  /** Whether the response's fields keep the guest's case and reason phrase on the wire. */
  readonly keepsRawHead: boolean;
  /** Whether the guest sees the client's fields in the client's order and case. */
  readonly keepsRawFields: boolean;
  /** Whether the host tells that a client has gone while the guest has yet to answer; workerd behind wrangler does not. */
  readonly tellsEarlyAborts: boolean;
  /** Whether client and guest may stream at once on HTTP/1.1 through this host. */
  readonly fullDuplex: boolean;
  /** Whether the adapter can close a connection without a response, as a guest may. */
  readonly closesUnanswered: boolean;
  /** Whether the adapter can tell HTTP/1.0 from 1.1, and write Connection as the guest does. */
  readonly seesConnection: boolean;
}

/** Of hosts that do nothing to requests and responses which the guest or the client could tell. */
export const NO_GAPS = {
  keepsRawHead: true,
  keepsRawFields: true,
  tellsEarlyAborts: true,
  fullDuplex: true,
  closesUnanswered: true,
  seesConnection: true,
} as const;

/** What every host has to do, in one list (STYLE: known gaps of a host are fields of HostUnderTest). */
export function addTests(host: HostUnderTest): void {
  const at = (path: string) => host.url() + path;
  const it = (sentence: string, body: () => Promise<void>) => test(`${host.name}: ${sentence}`, body);

  it("serves a page", async () => {
    const r = await fetch(at("/hello"));
    expect([r.status, r.headers.get("content-type"), await r.text()]).toEqual([200, "text/plain", "hello world\n"]);
  });

  it("passes path, query, method and fields on", async () => {
    const r = await fetch(at("/head?a=b%20c&d"), { method: "DELETE", headers: { "X-One": "1", cookie: "k=v" } });
    const lines = (await r.text()).split("\n");
    expect(lines[0]).toBe("DELETE /head?a=b%20c&d HTTP/1.1");
    expect(lines).toContain(`Host: ${new URL(host.url()).host}`);
    expect(lines.some((line) => /^x-one: 1$/i.test(line))).toBe(true);
    expect(lines.some((line) => /^x-forwarded-proto: http$/i.test(line))).toBe(true);
    const ofConnection = lines.filter((line) => /^(connection|keep-alive|transfer-encoding):/i.test(line));
    expect(ofConnection).toEqual(host.shared ? [] : ["Connection: close"]);
  });

  it("leaves TRACE to the guest", async () => {
    const raw = await exchange(host.url(), "TRACE /head HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    expect(raw).toContain("\r\n\r\nTRACE /head HTTP/1.1\n");
  });

  it("tells the guest which codings the client accepts", async () => {
    const ask = async (field: string) => {
      const raw = await exchange(host.url(), `GET /head HTTP/1.1\r\nHost: h\r\n${field}Connection: close\r\n\r\n`);
      return raw.split(/\r?\n/).filter((line) => /^accept-encoding:/i.test(line)).map((line) => line.slice(16).trim());
    };
    expect(await ask("")).toEqual([]);
    // One that wrangler does not compress for.
    expect(await ask("Accept-Encoding: identity;q=0.5\r\n")).toEqual(["identity;q=0.5"]);
  });

  it("answers HEAD with the fields of GET and no body", async () => {
    const raw = await exchange(host.url(), "HEAD /hello HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    expect(raw.toLowerCase()).toContain("content-length: 12\r\n");
    expect(raw.endsWith("\r\n\r\n")).toBe(true);
  });

  it("answers 204 and 304 without a body", async () => {
    for (const code of [204, 304]) {
      const r = await fetch(at(`/status?code=${code}&fields=ETag:%20%22x%22%0d%0a`));
      expect([r.status, r.headers.get("etag"), await r.text()]).toEqual([code, '"x"', ""]);
    }
  });

  it("keeps cookies apart", async () => {
    const r = await fetch(at("/cookies"));
    expect(r.headers.getSetCookie()).toEqual(["a=1; Path=/", "b=2"]);
    expect(r.headers.get("x-multi")).toBe("1, 2");
  });

  it("keeps lines of the same field apart", async () => {
    const raw = await exchange(host.url(), "GET /cookies HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    expect(raw.toLowerCase()).toContain("\r\nx-multi: 1\r\nx-multi: 2\r\n");
  });

  it("passes UTF-8 in fields, both ways", async () => {
    const utf8 = "gr\xc3\xbcn \xe2\x82\xac";
    const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: h\r\nX-Text: ${utf8}\r\nConnection: close\r\n\r\n`;
    const heard = await exchange(host.url(), get("/head"));
    expect(heard).toContain(`: ${utf8}\n`);
    const field = encodeURIComponent(`X-Back: ${utf8}\r\nContent-Length: 0\r\n`);
    const said = await exchange(host.url(), get(`/status?code=200&fields=${field}`));
    expect(said).toContain(`: ${utf8}\r\n`);
  });

  it("keeps fields of the guest's connection to itself", async () => {
    const r = await fetch(at("/hop"));
    expect([r.headers.get("x-hop"), r.headers.get("x-end")]).toEqual([null, "1"]);
  });

  it("passes statuses that are not usual", async () => {
    const r = await fetch(at("/reason"));
    expect([r.status, await r.text()]).toEqual([418, "tea"]);
  });

  if (host.keepsRawHead) {
    it("writes reason and fields as the guest did", async () => {
      const raw = await exchange(host.url(), "GET /reason HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
      expect(raw).toContain("HTTP/1.1 418 I'm a Teapot\xe9\r\n");
      expect(raw).toContain("\r\nX-Upper-CASE: Kept\r\n");
      const multi = await exchange(host.url(), "GET /cookies HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
      expect(multi).toContain("X-Multi: 1\r\nX-Multi: 2\r\n");
    });
  }

  if (host.keepsRawFields) {
    it("shows the guest the client's fields as they were", async () => {
      const raw = await exchange(
        host.url(),
        "GET /./head HTTP/1.1\r\nhOST: h:1\r\nx-B: 2\r\nX-a: 1\r\nx-B: 3\r\nConnection: close\r\n\r\n",
      );
      expect(raw).toContain("GET /./head HTTP/1.1\nHost: h:1\nx-B: 2\nX-a: 1\nx-B: 3\n");
    });
  }

  if (host.seesConnection) {
    const connection = (text: string) => [...text.matchAll(/^(?:connection|keep-alive): .*$/gim)].map(([line]) => line);
    const last = "Connection: close\r\n\r\n";

    it("speaks of the connection as the guest does", async () => {
      const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: h\r\n`;
      const unsaid = await exchange(host.url(), `${get("/hello")}\r\n${get("/hello")}${last}`);
      expect([unsaid.match(/hello world/g)?.length, connection(unsaid)]).toEqual([2, []]);
      const said = await exchange(host.url(), `${get("/says")}\r\n${get("/says")}${last}`);
      expect(connection(said)).toEqual(["Connection: keep-alive", "Connection: close"]);
    });

    it("lets the guest close its connection while the client's stays", async () => {
      const get = "GET /close HTTP/1.1\r\nHost: h\r\n";
      const both = await exchange(host.url(), `${get}\r\n${get}${last}`);
      expect([both.match(/until the connection closes/g)?.length, connection(both)]).toEqual([2, []]);
    });

    it("speaks HTTP/1.0 to the guest for a client that does", async () => {
      const old = await exchange(host.url(), "GET /head HTTP/1.0\r\nX-A: 1\r\n\r\n");
      expect(old).toContain("\r\n\r\nGET /head HTTP/1.0\nX-A: 1\n");
      expect(old).not.toContain("\nHost:");
      const kept = await exchange(
        host.url(),
        "GET /head HTTP/1.0\r\nHost: h\r\nConnection: Keep-Alive\r\n\r\nGET /hello HTTP/1.0\r\n\r\n",
      );
      expect(kept).toContain("GET /head HTTP/1.0\nHost: h\n");
      expect(kept).toContain("\nConnection: keep-alive\n");
      expect(kept).toContain("hello world");
    });
  }

  if (host.seesConnection) {
    it("answers requests that come together in their order, one with a body among them", async () => {
      const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: h\r\n`;
      const post = "POST /count HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nabcde";
      const all = `${get("/head?1")}\r\n${post}${get("/sleep?ms=20")}\r\n${get("/head?2")}Connection: close\r\n\r\n`;
      const text = await exchange(host.url(), all);
      expect([...text.matchAll(/GET \/head\?\d|\r\n\r\n5|slept/g)].map(([found]) => found.trim())).toEqual(
        ["GET /head?1", "5", "slept", "GET /head?2"],
      );
    });

    it("leaves 100 Continue to the guest", async () => {
      const head = (path: string) => {
        return `POST ${path} HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n`;
      };
      // The client sends the body once it is told to, and not before.
      const told = await exchange(
        host.url(),
        head("/continue"),
        (text) => text.includes("100 Continue") ? "abc" : null,
      );
      expect(told).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 [^]*\r\n\r\n3$/);
      const refused = await exchange(host.url(), head("/refuse-body"), () => null);
      expect(refused).toMatch(/^HTTP\/1\.1 413 [^]*too much$/);
    });

    it("keeps the connection after a response that came before the whole upload", async () => {
      const post = `POST /refuse-body HTTP/1.1\r\nHost: h\r\nContent-Length: 300000\r\n\r\n${"x".repeat(300000)}`;
      const text = await exchange(host.url(), `${post}GET /hello HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`);
      expect(text).toMatch(/^HTTP\/1\.1 413 [^]*too much[^]*hello world/);
    });
  }

  it("passes all framings of a body on", async () => {
    for (const [path, text] of [["/chunked", "one two three"], ["/close", "until the connection closes"]]) {
      const r = await fetch(at(path), plain);
      // Whether all of it was there at once makes no difference.
      expect([await r.text(), r.headers.get("content-length")]).toEqual([text, null]);
    }
    const r = await fetch(at("/big?n=100000"), plain);
    expect(r.headers.get("content-length")).toBe("100000");
    expect(new Uint8Array(await r.arrayBuffer())).toEqual(bigPiece(0, 100000));
  });

  it("leaves a body that the guest has compressed as it is", async () => {
    const r = await fetch(at("/gzip"), { headers: { "accept-encoding": "gzip" } });
    expect(await r.text()).toBe("squeezed once\n");
  });

  it("streams a large download whole", async () => {
    const size = 64 << 20;
    const r = await fetch(at(`/big?n=${size}`), plain);
    expect(r.headers.get("content-length")).toBe(String(size));
    let n = 0, wrong = 0;
    for await (const chunk of r.body!) {
      if (chunk[0] !== (n * 31 + (n >> 8) & 0xff)) wrong++;
      n += chunk.length;
    }
    expect([n, wrong]).toEqual([size, 0]);
  });

  it("takes uploads with a length and in chunks", async () => {
    const body = bigPiece(0, 3 << 20) as BufferSource;
    expect(await (await fetch(at("/count"), { method: "POST", body })).text()).toBe(String(3 << 20));
    expect(await (await fetch(at("/count"), { method: "POST", body: pieces(100, 3000), ...half })).text()).toBe(
      "300000",
    );
    expect(await (await fetch(at("/count"), { method: "POST", body: "" })).text()).toBe("0");
  });

  it("takes the rest of an upload after the response has begun", async () => {
    const body = bigPiece(0, 3 << 20) as BufferSource;
    expect(await (await fetch(at("/early-head"), { method: "POST", body })).text()).toBe(String(3 << 20));
  });

  it("echoes an upload unchanged", async () => {
    const body = bigPiece(7, 1 << 20);
    const r = await fetch(at("/echo"), { method: "PUT", body: body as BufferSource });
    expect(new Uint8Array(await r.arrayBuffer())).toEqual(body);
  });

  if (host.fullDuplex) {
    it("streams both ways at once", async () => {
      const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
      const writer = writable.getWriter();
      void writer.write(new TextEncoder().encode("zero"));
      const r = await fetch(at("/echo"), { method: "POST", body: readable, ...half });
      const reader = r.body!.getReader();
      expect(new TextDecoder().decode((await reader.read()).value)).toBe("zero");
      for (const word of ["one", "two"]) {
        await writer.write(new TextEncoder().encode(word));
        expect(new TextDecoder().decode((await reader.read()).value)).toBe(word);
      }
      await writer.close();
      expect((await reader.read()).done).toBe(true);
    });
  }

  it("passes pieces on as they come, while the guest sleeps in between", async () => {
    const r = await fetch(at("/ticks?n=4&ms=100"));
    const times: number[] = [];
    for await (const _ of r.body!) times.push(performance.now());
    expect(times.length).toBe(4);
    expect(times[3] - times[0]).toBeGreaterThan(200);
  });

  it("lets a slow guest slow the client down", async () => {
    const size = 16 << 20;
    let pulled = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(c) {
        if (pulled >= size) return c.close();
        pulled += 65536;
        c.enqueue(new Uint8Array(65536));
      },
    });
    const r = await fetch(at("/slow-count"), { method: "POST", body, ...half });
    expect(await r.text()).toBe(String(size));
  });

  if (host.shared) {
    it("holds the guest back when the client does not read", async () => {
      const before = await stats(host);
      const socket = connect({ host: "127.0.0.1", port: Number(new URL(host.url()).port) });
      socket.pause();
      socket.write("GET /big?n=200000000 HTTP/1.1\r\nHost: h\r\n\r\n");
      await sleep(1000);
      const stalled = await stats(host);
      // What sockets and proxies on the way hold; wrangler has several.
      expect(stalled.bigBytes - before.bigBytes).toBeLessThan(100 << 20);
      await sleep(300);
      expect((await stats(host)).bigBytes).toBe(stalled.bigBytes);
      socket.destroy();
    });
  }

  if (host.shared && host.tellsEarlyAborts) {
    it("resets the guest's connection when the client goes before the response", async () => {
      const before = (await stats(host)).resets;
      const control = new AbortController();
      const waiting = fetch(at("/hang"), { signal: control.signal }).catch(() => {});
      await sleep(200);
      control.abort();
      await waiting;
      await eventually(async () => (await stats(host)).resets > before);
    });
  }

  if (host.shared) {
    it("resets the guest's connection when the client goes during the response", async () => {
      const before = (await stats(host)).resets;
      const control = new AbortController();
      const r = await fetch(at("/big?n=500000000"), { signal: control.signal });
      await r.body!.getReader().read();
      control.abort();
      await eventually(async () => (await stats(host)).resets > before);
    });
  }

  it("turns rubbish and silence into 502, and goes on", async () => {
    for (const path of ["/garbage", "/break?n=1000", ...host.closesUnanswered ? [] : ["/silent"]]) {
      const r = await fetch(at(path));
      expect([path, r.status]).toEqual([path, 502]);
      await r.text();
    }
    expect((await fetch(at("/hello"))).status).toBe(200);
  });

  if (host.closesUnanswered) {
    it("closes without a word where the guest does", async () => {
      for (const init of [{}, { method: "POST", body: "x" }]) {
        await expect(fetch(at("/silent"), init)).rejects.toThrow();
      }
      expect(await exchange(host.url(), "GET /silent HTTP/1.1\r\nHost: h\r\n\r\n")).toBe("");
    });
  }

  it("does not pass half a body for a whole one", async () => {
    const whole = fetch(at("/break?n=1000000")).then((r) => r.arrayBuffer());
    await expect(whole).rejects.toThrow();
  });

  it("answers with a new guest after one has died", async () => {
    expect((await fetch(at("/die"))).status).toBe(502);
    expect((await fetch(at("/hello"))).status).toBe(200);
  });

  it("answers many at once, each with its own", async () => {
    const all = await Promise.all(Array.from({ length: 60 }, async (_, i) => {
      const r = await fetch(at(i % 3 ? `/head?${i}` : `/sleep?ms=${i}`));
      return i % 3 ? (await r.text()).startsWith(`GET /head?${i} `) : (await r.text()) === "slept";
    }));
    expect(all.every(Boolean)).toBe(true);
  });

  if (host.hasRoute) {
    it("lets added routes go first", async () => {
      const r = await fetch(at("/added"));
      expect([r.status, await r.text()]).toEqual([200, "not the guest"]);
    });
  }
}

/** Without it wrangler's proxy compresses, and has no length to show. */
const plain = { headers: { "accept-encoding": "identity" } };
const half = { duplex: "half" } as RequestInit;

function pieces(size: number, count: number): ReadableStream<Uint8Array> {
  let n = 0;
  return new ReadableStream({
    pull(c) {
      if (n++ === count) c.close();
      else c.enqueue(new Uint8Array(size));
    },
  });
}

export function sleep(ms: number): Promise<void> {
  return new Promise((go) => setTimeout(go, ms));
}

async function stats(host: HostUnderTest): Promise<Record<string, number>> {
  return await (await fetch(`${host.url()}/stats`)).json();
}

async function eventually(condition: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 50; i++) {
    if (await condition()) return;
    await sleep(100);
  }
  throw new Error("the condition did not come true within 5 s");
}

/**
 * What the server sends for the bytes, up to its closing, one character a byte. `more` sees what has come so far, and may give
 * further bytes to send, once.
 */
function exchange(url: string, request: string, more: (text: string) => string | null = () => null): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(
      { host: "127.0.0.1", port: Number(new URL(url).port) },
      () => socket.write(request, "latin1"),
    );
    let all = "", rest: string | null = null;
    socket.setEncoding("latin1");
    socket.on("data", (text) => {
      all += text;
      if (rest === null && (rest = more(all)) !== null) socket.write(rest, "latin1");
    });
    socket.on("end", () => resolve(all));
    socket.on("error", reject);
    socket.setTimeout(10_000, () => socket.destroy(new Error(`no end of ${JSON.stringify(all.slice(0, 200))}`)));
  });
}
