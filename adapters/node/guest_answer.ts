/** Requests straight from node:http to the guest and back, without fetch's objects: the way when nobody has routes of their own. */
import type { IncomingMessage, ServerResponse } from "node:http";
import {
  type Conversation,
  type Field,
  fieldValue,
  type Gateway,
  Gathering,
  type HostRequest,
  isOriginForm,
  lengthOf,
  planRequest,
  type RequestPlan,
} from "../../src/serve/mod.ts";
import { fieldPairs } from "./request.ts";
import { GuestSink } from "./guest_sink.ts";
import { badRequest, type NodeAnswer } from "./server.ts";
import { MessageReader } from "./upload.ts";

/** Answers by a guest. */
export function guestAnswer(gateway: Gateway): NodeAnswer {
  const gathering = new Gathering<Arrival>(setImmediate, (arrivals) => {
    const begun: Arrival[] = [];
    const serveAll = () => begin(gateway, arrivals, begun);
    const conversations = arrivals.length === 1 ? serveAll() : gateway.together(serveAll);
    for (let i = 0; i < begun.length; i++) watch(conversations[i], begun[i].out);
  });
  return (message, out, onInformational) => gathering.add({ message, out, onInformational });
}

/** A request that has just come. */
interface Arrival {
  readonly message: IncomingMessage;
  readonly out: ServerResponse;
  readonly onInformational: ((status: number) => void) | undefined;
}

/** Starts a conversation for each request that can be planned; `begun` gets those. */
function begin(gateway: Gateway, arrivals: readonly Arrival[], begun: Arrival[]): Conversation[] {
  const conversations: Conversation[] = [];
  for (const arrival of arrivals) {
    const { message, out, onInformational } = arrival;
    let plan: RequestPlan;
    try {
      plan = planRequest(hostRequest(message, onInformational !== undefined), gateway.planOptions);
    } catch {
      badRequest(out);
      continue;
    }
    conversations.push(gateway.serve(plan, new GuestSink(message, out, onInformational)));
    begun.push(arrival);
  }
  return conversations;
}

/** Ends the conversation when the client goes away. Most responses have been written by now. */
function watch(conversation: Conversation, out: ServerResponse): void {
  if (conversation.isOver) return;
  const onClose = () => {
    if (!out.writableFinished) conversation.abort();
  };
  out.on("close", onClose);
  if (out.destroyed) onClose();
}

/** Throws TypeError for a target that is none. */
function hostRequest(message: IncomingMessage, takesInformational: boolean): HostRequest {
  const fields = fieldPairs(message.rawHeaders);
  const { target, host } = targetOf(message, fields);
  const chunked = fieldValue(fields, "transfer-encoding") !== undefined;
  const body = chunked ? { kind: "chunked" as const } : lengthOf(fields, true);
  const isEmpty = body.kind === "none" || (body.kind === "length" && body.length === 0);
  return {
    method: message.method ?? "GET",
    target,
    scheme: "http",
    host,
    version: message.httpVersion === "1.0" ? "1.0" : "1.1",
    fields,
    body,
    upload: isEmpty ? null : { reader: new MessageReader(message), first: null },
    remoteAddress: message.socket.remoteAddress,
    takesInformational,
  };
}

function targetOf(message: IncomingMessage, fields: readonly Field[]): { target: string; host: string } {
  const target = message.url ?? "/", host = fieldValue(fields, "host") ?? "localhost";
  if (isOriginForm(target)) return { target, host };
  // RFC 9112, sections 3.2.4 and 3.2.2: "*" is for OPTIONS, the absolute form names the host itself.
  if (target === "*") return { target, host };
  const url = new URL(target.startsWith("/") ? `http://${host}${target}` : target);
  return { target: url.pathname + url.search, host: url.host };
}
