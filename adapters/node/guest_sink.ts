import { Buffer } from "node:buffer";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { BodyConsumer, Failure, ResponseBody, ResponseHead, ResponseSink } from "../../src/serve/mod.ts";
import { addConnection } from "./connection.ts";

/** Bodies up to this size are written together with the head, as one string, which costs less than two buffers. */
const JOINED_MAX = 4096;

/** Writes what the guest answers to a node:http response. */
export class GuestSink implements ResponseSink, BodyConsumer {
  private body: ResponseBody | null = null;

  constructor(
    private readonly message: IncomingMessage,
    private readonly out: ServerResponse,
    readonly onInformational: ((status: number) => void) | undefined,
  ) {}

  respond(head: ResponseHead, body: Uint8Array<ArrayBuffer> | ResponseBody | null): void {
    const { out } = this;
    // The guest's own Date, or none: what it sends is what the client gets.
    out.sendDate = false;
    const fields: string[] = [];
    for (const [name, value] of head.forwarded) fields.push(name, value);
    addConnection(fields, head.fields, out);
    out.writeHead(head.status, head.reason, fields);
    if (body === null || this.message.method === "HEAD") {
      out.end();
    } else if (body instanceof Uint8Array) {
      endWith(out, body);
    } else {
      out.flushHeaders();
      this.body = body;
      body.attach(this);
      body.pull();
    }
  }

  fail({ status, text, unanswered }: Failure): void {
    const { out } = this;
    // As the guest did: closed without a word.
    if (unanswered || out.headersSent) out.destroy();
    if (out.destroyed) return;
    out.writeHead(status, text, ["Content-Type", "text/plain; charset=utf-8"]);
    out.end(this.message.method === "HEAD" ? undefined : `${status} ${text}\n`);
  }

  describe(): string {
    return `${this.message.method} ${this.message.url}`;
  }

  data(bytes: Uint8Array): boolean {
    const { out } = this;
    if (out.write(bytes)) return true;
    out.once("drain", () => this.body!.pull());
    return false;
  }

  end(): void {
    this.out.end();
  }

  error(error: Error): void {
    // The client must not take half a body for all of it.
    this.out.destroy(error);
  }
}

function endWith(out: ServerResponse, body: Uint8Array<ArrayBuffer>): void {
  if (body.length > JOINED_MAX) out.end(body);
  else out.end(Buffer.from(body.buffer, body.byteOffset, body.length).toString("latin1"), "latin1");
}
