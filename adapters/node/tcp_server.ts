import { createServer, type Socket } from "node:net";
import type { ClientConnection, Front, Transport } from "../../src/serve/mod.ts";
import { listen } from "./listen.ts";
import type { NodeServer, NodeServerOptions } from "./server.ts";

/** A server on node:net, which knows nothing of HTTP: that is the front's. */
export function serveTcp(front: Front, options: NodeServerOptions): Promise<NodeServer> {
  // allowHalfOpen: what was asked before the client ended its side is still answered.
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => connect(front, socket));
  return listen(server, options, () => front.close());
}

function connect(front: Front, socket: Socket): void {
  const connection: ClientConnection = front.accept(new SocketTransport(socket));
  socket.on("data", (bytes: Uint8Array) => void connection.received(bytes));
  socket.on("end", () => connection.ended());
  socket.on("drain", () => connection.drained());
  // A reset is followed by "close", as everything is.
  socket.on("error", () => {});
  socket.on("close", () => connection.closed());
}

class SocketTransport implements Transport {
  readonly remoteAddress: string | undefined;

  constructor(private readonly socket: Socket) {
    this.remoteAddress = socket.remoteAddress;
  }

  write(bytes: Uint8Array): boolean {
    return !this.socket.writable || this.socket.write(bytes);
  }

  end(): void {
    this.socket.end();
  }

  destroy(): void {
    this.socket.destroy();
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }
}
