/** Requests straight from node:http to the guest and back, without fetch's objects: the way when nobody has routes of their own. */
import type { IncomingMessage } from "node:http";
import {
  type Field,
  fieldValue,
  type Gateway,
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
  return (message, out, onInformational) => {
    let plan: RequestPlan;
    try {
      plan = planRequest(hostRequest(message, onInformational !== undefined), gateway.planOptions);
    } catch {
      return badRequest(out);
    }
    const conversation = gateway.serve(plan, new GuestSink(message, out, onInformational));
    // Most responses have been written by now.
    if (conversation.isOver) return;
    const onClose = () => {
      if (!out.writableFinished) conversation.abort();
    };
    out.on("close", onClose);
    if (out.destroyed) onClose();
  };
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
