/** The guest's answer is not HTTP. `incomplete`: what came was right, but the connection ended too early. */
export class GuestResponseError extends Error {
  override readonly name = "GuestResponseError";
  constructor(message: string, readonly incomplete = false) {
    super(message);
  }
}

/** At most this much of hostile or broken output is shown in a message. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}...` : text);
}
