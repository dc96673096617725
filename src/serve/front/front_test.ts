import { describe, expect, it } from "vitest";
import { scriptedServer } from "../../../tests/support/scripted_server.ts";
import { Gateway } from "../gateway.ts";
import { latin1, latin1Bytes } from "../http1/grammar.ts";
import { sharedInstance } from "../instance.ts";
import { type Timers, webTimers } from "../timers.ts";
import type { ClientConnection } from "./client_connection.ts";
import { Front } from "./front.ts";
import type { Transport } from "./transport.ts";

/** A client's connection that keeps what it is given. */
class Client implements Transport {
  readonly remoteAddress = "192.0.2.1";
  text = "";
  /** Whether it takes more. */
  takes = true;
  state: "open" | "ended" | "destroyed" = "open";
  paused = false;
  connection!: ClientConnection;

  constructor(front: Front) {
    this.connection = front.accept(this);
  }

  write(bytes: Uint8Array): boolean {
    this.text += latin1(bytes, 0, bytes.length);
    return this.takes;
  }

  end(): void {
    if (this.state === "open") this.state = "ended";
  }

  destroy(): void {
    this.state = "destroyed";
    this.connection.closed();
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }

  /** As hosts do that read into the same memory each time. */
  send(text: string): this {
    const bytes = latin1Bytes(text);
    this.connection.received(bytes);
    bytes.fill(0x2e);
    return this;
  }

  /** Statuses of the answers so far. */
  get statuses(): number[] {
    return [...this.text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status));
  }
}

/** A front before the scripted server; `clock` moves the front's own timer. */
function front(turnEnd: (callback: () => void) => void = (callback) => void setTimeout(callback, 0)) {
  const guest = scriptedServer();
  guest.run(1e9);
  const due: (() => void)[] = [];
  const timers: Timers = {
    ...webTimers,
    // The front's clock is the one that nobody waits for.
    after: (ms, callback, idle) => idle === true ? due.push(callback) : webTimers.after(ms, callback),
  };
  const made = new Front(new Gateway(sharedInstance(() => guest), { timers, keepsTime: false }), turnEnd);
  const clock = (rounds: number) => {
    for (let i = 0; i < rounds; i++) for (const callback of due.splice(0)) callback();
  };
  return { guest, front: made, clock, client: () => new Client(made) };
}

const get = (path: string, lines = "") => `GET ${path} HTTP/1.1\r\nHost: h\r\n${lines}\r\n`;

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 400 && !condition(); i++) await new Promise((go) => setTimeout(go, 5));
  expect(condition()).toBe(true);
}

describe("a client's connection", () => {
  it("is answered however its bytes come", async () => {
    const { client } = front();
    const text = `${get("/hello")}${get("/head?a")}`;
    for (const size of [1, 7, 1000]) {
      const one = client();
      for (let i = 0; i < text.length; i += size) one.send(text.slice(i, i + size));
      await until(() => one.statuses.length === 2);
      expect(one.text).toMatch(/hello world\n[^]*\r\n\r\nGET \/head\?a HTTP\/1\.1\n/);
      expect(one.state).toBe("open");
    }
  });

  it("tells the guest of the client, and each request anew even if it is the same", async () => {
    const { client } = front();
    const one = client().send(get("/head", "X-Forwarded-For: 10.0.0.1\r\n")).send(get("/head")).send(get("/head"));
    await until(() => one.statuses.length === 3);
    expect([...one.text.matchAll(/X-Forwarded-For: (.*)/g)].map(([, list]) => list)).toEqual(
      ["10.0.0.1, 192.0.2.1", "192.0.2.1", "192.0.2.1"],
    );
  });

  it("gets the same of the same answer, whoever asked before", async () => {
    const asked: [path: string, lines: string, version: string, method?: string][] = [];
    for (
      const path of [
        "/hello",
        "/says",
        "/reason",
        "/hop",
        "/status?code=304&fields=Content-Length:%203%0d%0a",
        "/chunked",
      ]
    ) {
      asked.push([path, "", "1.1"], [path, "Connection: close\r\n", "1.1"], [path, "", "1.0"]);
      asked.push([path, "Connection: keep-alive\r\n", "1.0"]);
      if (path !== "/chunked") asked.push([path, "", "1.1", "HEAD"]);
    }
    const ask = async (server: ReturnType<typeof front>, [path, lines, version, method = "GET"]: typeof asked[0]) => {
      const one = server.client().send(`${method} ${path} HTTP/${version}\r\nHost: h\r\n${lines}\r\n`);
      await until(() => one.text.includes("\r\n\r\n"));
      return [path, lines, version, method, one.text, one.state];
    };
    const experienced = front();
    for (const request of [...asked, ...asked.toReversed(), ...asked]) {
      expect(await ask(experienced, request)).toEqual(await ask(front(), request));
    }
  });

  it("passes on none of what concerns the client's connection", async () => {
    const { client } = front();
    const one = client().send(
      get("/head", "Connection: keep-alive, X-Hop\r\nX-Hop: 1\r\nTE: trailers\r\nKeep-Alive: 5\r\n"),
    );
    await until(() => one.statuses.length === 1);
    expect(one.text).not.toMatch(/^(x-hop|te|keep-alive|connection):/im);
  });

  it("does not take the end of a refused request for another one", () => {
    const { client, guest } = front();
    const before = guest.stats.connections;
    const smuggled = `POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${
      get("/hello")
    }`;
    const one = client().send(smuggled).send(get("/hello"));
    expect([one.statuses, one.state, guest.stats.connections - before]).toEqual([[400], "ended", 0]);
  });

  it("closes after a body whose chunks are none, without an answer that has not begun", async () => {
    const { client } = front();
    const one = client().send("POST /count HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
    one.send(`zz\r\n${get("/hello")}`);
    await until(() => one.state !== "open");
    expect(one.text).not.toContain("hello world");
  });

  it("reads past an upload that the guest did not want, and no further", async () => {
    const { client } = front();
    const one = client().send("POST /refuse-body HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n");
    await until(() => one.statuses.length === 1);
    one.send("x".repeat(99_999)).send(`y${get("/hello")}`);
    await until(() => one.statuses.length === 2);
    expect([one.statuses, one.state]).toEqual([[413, 200], "open"]);
  });

  it("holds back a client that sends more than is read", async () => {
    const { client } = front();
    const one = client().send(get("/sleep?ms=100")).send(get("/hello").repeat(3000));
    expect(one.paused).toBe(true);
    await until(() => one.statuses.length === 3001);
    expect(one.paused).toBe(false);
  });

  it("holds the guest back while the client takes nothing", async () => {
    const { client, guest } = front();
    const one = client();
    one.takes = false;
    one.send(get("/big?n=50000000"));
    await new Promise((go) => setTimeout(go, 50));
    expect(guest.stats.bigBytes).toBeLessThan(5e6);
    one.takes = true;
    one.connection.drained();
    await until(() => guest.stats.bigBytes === 50_000_000);
  });

  it("resets the guest's connection when the client goes", async () => {
    const { client, guest } = front();
    const before = guest.stats.resets;
    const one = client().send(get("/hang"));
    one.destroy();
    await until(() => guest.stats.resets > before);
  });

  it("answers what was asked before the client ended its side", async () => {
    const { client } = front();
    const one = client();
    // Its end comes before the turn's.
    one.send(`${get("/hello")}${get("/hello")}`).connection.ended();
    await until(() => one.state !== "open");
    expect([one.statuses, one.state]).toEqual([[200, 200], "ended"]);
  });

  it("answers what came in one turn of the host together", () => {
    let end = () => {};
    const { client } = front((callback) => end = callback);
    const clients = [client(), client(), client()];
    for (const one of clients) one.send(get("/hello"));
    expect(clients.map((one) => one.statuses)).toEqual([[], [], []]);
    end();
    expect(clients.map((one) => one.statuses)).toEqual([[200], [200], [200]]);
  });
});

describe("the time limits", () => {
  it("end connections that nobody uses", async () => {
    const { client, clock } = front();
    const idle = client(), used = client();
    clock(10);
    used.send(get("/hello"));
    await until(() => used.statuses.length === 1);
    clock(10);
    expect([idle.state, used.state]).toEqual(["destroyed", "open"]);
  });

  it("refuse a head that does not come to its end", () => {
    const { client, clock } = front();
    const slow = client().send("GET / HTTP/1.1\r\n");
    for (let i = 0; i < 20; i++) {
      clock(1);
      slow.send(`X: ${i}\r\n`);
    }
    expect([slow.statuses, slow.state === "open"]).toEqual([[408], false]);
  });

  it("do not wait for long for a client that is to close", async () => {
    const { client, clock } = front();
    const one = client().send(get("/hello", "Connection: close\r\n"));
    await until(() => one.state !== "open");
    expect([one.statuses, one.state]).toEqual([[200], "ended"]);
    clock(3);
    expect(one.state).toBe("destroyed");
  });

  it("are none for answers that take their time", async () => {
    const { client, clock } = front();
    const one = client().send(get("/sleep?ms=50"));
    clock(30);
    await until(() => one.statuses.length === 1);
    expect(one.statuses).toEqual([200]);
  });
});
