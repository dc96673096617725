import { expect, test } from "vitest";
import { ScriptedGuest } from "../../tests/support/scripted_guest.ts";
import { POLLIN } from "../kernel/abi/poll.ts";
import type { Socket } from "../kernel/net/socket.ts";
import { EpollDescription } from "../kernel/vfs/epoll.ts";
import type { Conversation } from "./conversation.ts";
import { Gateway } from "./gateway.ts";
import { sharedInstance } from "./instance.ts";
import { planRequest } from "./request.ts";

const ANSWER = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

interface Server {
  guest: ScriptedGuest;
  connections: number;
  requests: number;
}

/** A guest that keeps connections; `watches`: with epoll, and so several; else it leaves one only when that is closed. */
function server(watches: boolean): Server {
  const epoll = new EpollDescription();
  const all: Server = {
    connections: 0,
    requests: 0,
    guest: new ScriptedGuest(function* (guest) {
      const listener = guest.listen(80);
      for (;;) {
        const socket = yield* guest.accept(listener);
        all.connections++;
        if (watches) epoll.add(all.connections, socket, POLLIN, 0, 0);
        const served = serve(guest, socket);
        if (watches) guest.spawn(served);
        else yield* served;
      }
    }),
  };
  function* serve(guest: ScriptedGuest, socket: Socket) {
    for (;;) {
      const got = yield* guest.read(socket);
      if (typeof got === "number" || got.length === 0) break;
      all.requests++;
      yield* guest.write(socket, ANSWER);
    }
    guest.close(socket);
  }
  return all;
}

/** `n` requests at once, which are to be answered before it returns. */
function ask(gateway: Gateway, n: number): number[] {
  const statuses: number[] = [];
  const serve = (): Conversation => {
    const plan = planRequest({
      method: "GET",
      target: "/",
      scheme: "http",
      host: "app.test",
      version: "1.1",
      fields: [],
      body: { kind: "none" },
      upload: null,
      remoteAddress: undefined,
      takesInformational: false,
    }, gateway.planOptions);
    return gateway.serve(plan, {
      onInformational: undefined,
      respond: ({ status }) => statuses.push(status),
      fail: ({ status }) => statuses.push(status),
      describe: () => "GET /",
    });
  };
  const conversations = gateway.together(() => Array.from({ length: n }, serve));
  expect(conversations.map((conversation) => conversation.isOver)).toEqual(conversations.map(() => true));
  return statuses;
}

test("a guest that watches its connections runs once for requests that come together", () => {
  const all = server(true), gateway = new Gateway(sharedInstance(() => all.guest), { sliceMs: 1000 });
  ask(gateway, 1);
  ask(gateway, 3); // which opens more connections
  const before = all.guest.runs;
  expect(ask(gateway, 3)).toEqual([200, 200, 200]);
  const runsOfThree = all.guest.runs - before;
  ask(gateway, 1);
  const runsOfOne = all.guest.runs - before - runsOfThree;
  expect(runsOfThree).toBe(runsOfOne);
  expect(all.connections).toBe(3);
});

test("a guest that stays with one connection gets one request after the other", () => {
  const all = server(false), gateway = new Gateway(sharedInstance(() => all.guest), { sliceMs: 1000 });
  for (let i = 0; i < 3; i++) expect(ask(gateway, 3)).toEqual([200, 200, 200]);
  expect([all.requests, all.connections]).toEqual([9, 1]);
});

test("a request among others that is not answered in time is given up", async () => {
  const silent = new ScriptedGuest(function* (guest) {
    const epoll = new EpollDescription(), listener = guest.listen(80);
    for (let n = 1;; n++) {
      const socket = yield* guest.accept(listener);
      epoll.add(n, socket, POLLIN, 0, 0);
      guest.spawn(answerOnce(guest, socket));
    }
  });
  function* answerOnce(guest: ScriptedGuest, socket: Socket) {
    yield* guest.read(socket);
    yield* guest.write(socket, ANSWER);
  }
  const gateway = new Gateway(sharedInstance(() => silent), { timeoutMs: 20 });
  ask(gateway, 1);
  const statuses = await new Promise((resolve) => {
    const got: number[] = [];
    const plan = {
      method: "GET",
      head: new Uint8Array(9),
      body: { kind: "none" as const },
      upload: null,
      close: false,
    };
    const took = ({ status }: { status: number }) => got.push(status) === 2 && resolve(got);
    const sink = () => ({ onInformational: undefined, respond: took, fail: took, describe: () => "GET /" });
    gateway.together(() => [gateway.serve(plan, sink()), gateway.serve(plan, sink())]);
  });
  // The first goes on the connection that is answered once only.
  expect(statuses).toEqual([200, 504]);
});
