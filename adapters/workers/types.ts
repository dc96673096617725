/** As much of the Workers runtime as we use. */
export interface WorkersContext {
  waitUntil(promise: Promise<unknown>): void;
}

/** A namespace of Durable Objects. */
export interface ObjectNamespace {
  idFromName(name: string): unknown;
  get(id: unknown): { fetch(request: Request): Promise<Response> };
}

/** What a Worker has as its default export. */
export interface WorkersEntry<Env = unknown> {
  fetch(request: Request, env: Env, context: WorkersContext): Response | Promise<Response>;
}

/** Frames a streamed body by its length; without it a Worker sends chunks. */
export interface FixedLengthStreamConstructor {
  new (length: number): { readable: ReadableStream<Uint8Array>; writable: WritableStream<Uint8Array> };
}
