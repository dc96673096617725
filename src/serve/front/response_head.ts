/** The head of a response as a client gets it: the guest's own lines, but for what concerns the connection. */
import { combinedValue, fieldValue, isNamed, type ResponseHead } from "../http1/events.ts";
import { latin1Bytes, listMembers } from "../http1/grammar.ts";
import { isHopByHop, namedInConnection } from "../http1/hop_by_hop.ts";
import { titleCase } from "../http1/writer.ts";
import { KnownBytes } from "../http1/known_bytes.ts";
import type { ClientSide } from "./client_side.ts";

/** How a client finds the end of a body: it has none, by Content-Length, in chunks, or when the connection ends. */
export type ClientFraming = "none" | "length" | "chunked" | "close";

/** A head on its way to a client. */
export class ClientHead {
  /** Whether they are the guest's own bytes, once that is known. */
  private same: boolean | null = null;

  constructor(
    readonly bytes: Uint8Array,
    readonly framing: ClientFraming,
    /** The connection may carry another request. */
    readonly keeps: boolean,
  ) {}

  /** Whether they are those that bytes[0, end) are, the guest's head of which they were made. */
  isGuests(bytes: Uint8Array, end: number): boolean {
    return this.same ??= this.framing === "length" && end === this.bytes.length &&
      new KnownBytes(this.bytes).begin(bytes, 0);
  }
}

/** Makes heads, and remembers them: a guest's heads are often the same object (http1/head_memory.ts). */
export class ClientHeads {
  private readonly made = new WeakMap<ResponseHead, (ClientHead | undefined)[]>();

  /** `dropsBody`: the guest's body, if it has any, is left out though the head would allow one. */
  of(head: ResponseHead, side: ClientSide, dropsBody: boolean): ClientHead {
    let known = this.made.get(head);
    if (known === undefined) this.made.set(head, known = []);
    const key = side.minor | (side.isHead ? 2 : 0) | (side.keeps ? 4 : 0) | (side.wantsClose ? 8 : 0) |
      (dropsBody ? 16 : 0);
    return known[key] ??= clientHead(head, side, dropsBody);
  }
}

/** See ClientHeads.of. */
export function clientHead(head: ResponseHead, side: ClientSide, dropsBody: boolean): ClientHead {
  const framing = framingOf(head, side, dropsBody);
  const keeps = side.keeps && framing !== "close";
  // Ours in place of the guest's, where it has any, and at the end where not.
  const own = new Map<string, string>();
  const length = framing === "length" || framing === "none" ? lengthOf(head, dropsBody) : null;
  if (length !== null) own.set("content-length", length);
  if (framing === "chunked") own.set("transfer-encoding", "chunked");
  const connection = connectionOption(head, side, keeps);
  if (connection !== null) own.set("connection", connection);
  const named = namedInConnection(head.fields);
  let text = `HTTP/1.1 ${head.status} ${head.reason}\r\n`;
  for (const field of head.fields) {
    const ours = OURS.find((name) => isNamed(field, name));
    if (ours === undefined && !isHopByHop(field, named)) text += `${field[0]}: ${field[1]}\r\n`;
    if (ours === undefined || !own.has(ours)) continue;
    text += `${field[0]}: ${own.get(ours)}\r\n`;
    own.delete(ours);
  }
  for (const [name, value] of own) text += `${titleCase(name)}: ${value}\r\n`;
  return new ClientHead(latin1Bytes(`${text}\r\n`), framing, keeps);
}

const OURS = ["content-length", "transfer-encoding", "connection"];

function framingOf({ status, fields }: ResponseHead, { isHead, minor }: ClientSide, dropsBody: boolean): ClientFraming {
  if (isHead || status === 204 || status === 304) return "none";
  if (dropsBody) return "length";
  const isPlain = fieldValue(fields, "transfer-encoding") === undefined;
  if (isPlain && fieldValue(fields, "content-length") !== undefined) return "length";
  // Whether all of the guest's body is there already makes no difference.
  return minor === 0 ? "close" : "chunked";
}

/** The one length that all of the guest's Content-Length fields say (http1/framing.ts has seen to that), or null. */
function lengthOf({ fields }: ResponseHead, dropsBody: boolean): string | null {
  if (dropsBody) return "0";
  const length = fieldValue(fields, "content-length");
  if (length === undefined || fieldValue(fields, "transfer-encoding") !== undefined) return null;
  return listMembers(length)[0] ?? null;
}

/**
 * As the guest wrote it where that is true of the client's connection, too. What the client cannot know by itself is said in any
 * case: that its connection ends, or in HTTP/1.0 that it does not.
 */
function connectionOption({ fields }: ResponseHead, side: ClientSide, keeps: boolean): string | null {
  const option = keeps ? "keep-alive" : "close";
  const isSurprise = keeps ? side.minor === 0 : side.minor === 1 && !side.wantsClose;
  return isSurprise || listMembers(combinedValue(fields, "connection") ?? "").includes(option) ? option : null;
}
