import { type ClientConnection, type Front, joined, type Transport } from "../../src/serve/mod.ts";

/** Read at a time, and written at a time where there is more than that. */
const READ_BYTES = 16 * 1024, WRITE_BYTES = 64 * 1024;
/** What may wait to be written before the guest has to wait. */
const WAITING_MAX = 256 * 1024;

/** A running server. */
export interface DenoServer {
  readonly port: number;
  close(): void;
}

/** A server on Deno.listen, which knows nothing of HTTP: that is the front's. */
export function serveTcp(front: Front, options: { port: number; hostname?: string }): DenoServer {
  const listener = Deno.listen({ transport: "tcp", ...options });
  void acceptAll(front, listener);
  return {
    port: listener.addr.port,
    close() {
      listener.close();
      front.close();
    },
  };
}

async function acceptAll(front: Front, listener: Deno.TcpListener): Promise<void> {
  for (;;) {
    try {
      const conn = await listener.accept();
      conn.setNoDelay(true);
      void new ConnTransport(conn).serve(front);
    } catch (error) {
      // The listener was closed; anything else (a client that has gone, too many open files) passes.
      if (error instanceof Deno.errors.BadResource) return;
      await new Promise((go) => setTimeout(go, 10));
    }
  }
}

class ConnTransport implements Transport {
  readonly remoteAddress: string | undefined;
  private connection!: ClientConnection;
  private waiting: Uint8Array[] = [];
  private waitingBytes = 0;
  private isWriting = false;
  private isFull = false;
  /** No more is written than what waits. */
  private isEnding = false;
  /** The client has sent its last, and we have. */
  private hasRead = false;
  private hasEnded = false;
  private isClosed = false;
  private isPaused = false;
  private onResume: (() => void) | null = null;

  constructor(private readonly conn: Deno.TcpConn) {
    this.remoteAddress = conn.remoteAddr.hostname;
  }

  async serve(front: Front): Promise<void> {
    this.connection = front.accept(this);
    try {
      const buffer = new Uint8Array(READ_BYTES);
      for (let n; (n = await this.conn.read(buffer)) !== null;) {
        this.connection.received(buffer.subarray(0, n));
        if (this.isPaused) await new Promise<void>((go) => this.onResume = go);
      }
      this.hasRead = true;
      this.connection.ended();
      if (this.hasEnded) this.destroy();
    } catch {
      // The client has gone, or we have.
      this.destroy();
    }
  }

  write(bytes: Uint8Array): boolean {
    if (this.isClosed || this.isEnding) return true;
    this.waiting.push(bytes);
    this.waitingBytes += bytes.length;
    if (!this.isWriting) void this.writeAll();
    return !(this.isFull = this.waitingBytes > WAITING_MAX);
  }

  end(): void {
    this.isEnding = true;
    if (!this.isWriting) this.finish();
  }

  destroy(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.waiting.length = 0;
    this.conn.close();
    this.resume();
    this.connection.closed();
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
    this.onResume?.();
    this.onResume = null;
  }

  private async writeAll(): Promise<void> {
    this.isWriting = true;
    try {
      while (this.waiting.length > 0) {
        let bytes = this.next();
        this.waitingBytes -= bytes.length;
        while (bytes.length > 0) bytes = bytes.subarray(await this.conn.write(bytes));
        if (this.isFull && this.waitingBytes <= WAITING_MAX / 2) {
          this.isFull = false;
          this.connection.drained();
        }
      }
      this.isWriting = false;
      if (this.isEnding) this.finish();
    } catch {
      this.isWriting = false;
      this.destroy();
    }
  }

  /** The oldest piece, together with those behind it as far as they are small. */
  private next(): Uint8Array {
    const { waiting } = this;
    if (waiting.length === 1) return waiting.pop()!;
    let count = 0, length = 0;
    while (count < waiting.length && (count === 0 || length + waiting[count].length <= WRITE_BYTES)) {
      length += waiting[count++].length;
    }
    return joined(waiting.splice(0, count), length);
  }

  private finish(): void {
    if (this.isClosed || this.hasEnded) return;
    this.hasEnded = true;
    if (this.hasRead) this.destroy();
    else void this.conn.closeWrite().catch(() => this.destroy());
  }
}
