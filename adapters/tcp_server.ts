import { createServer, Socket } from "node:net";
import type { ClientConnection, Front, Transport } from "../src/serve/mod.ts";
import { listen, type ListenOptions, type RunningServer } from "./listen.ts";

/** Read at a time. */
const READ_BYTES = 64 * 1024;

/**
 * A server on node:net, which knows nothing of HTTP: that is the front's. On Deno, too: Deno.listen makes a promise and a turn of
 * the event loop of each read and each write.
 */
export function serveTcp(front: Front, options: ListenOptions): Promise<RunningServer> {
  const buffer = new Uint8Array(READ_BYTES);
  // allowHalfOpen: what was asked before the client ended its side is still answered.
  const settings = { allowHalfOpen: true, noDelay: true, pauseOnConnect: true };
  const server = createServer(settings, (socket) => connect(front, socket, buffer));
  return listen(server, options, () => front.close());
}

/** As much of a socket as it does not show. */
interface Insides {
  _handle?: unknown;
}

/**
 * Node has sockets read into a buffer of their owner, without a stream in between, but not those of a server: for that the
 * connection is given to a socket of our own. Where it cannot be had the socket's stream does as well, at twice the price.
 */
function connect(front: Front, accepted: Socket, buffer: Uint8Array): void {
  const insides = accepted as Insides, { _handle: handle } = insides;
  const received = (bytes: Uint8Array) => connection.received(bytes);
  let socket = accepted;
  if (handle instanceof Object && "useUserBuffer" in handle) {
    insides._handle = null;
    const onread = { buffer, callback: (n: number) => (received(buffer.subarray(0, n)), true) };
    socket = new Socket({ handle, allowHalfOpen: true, onread } as object);
    // The server counts those that it has accepted.
    socket.on("close", () => accepted.destroy());
  } else {
    socket.on("data", received);
  }
  const connection: ClientConnection = front.accept(new SocketTransport(socket));
  socket.on("end", () => connection.ended());
  socket.on("drain", () => connection.drained());
  // A reset is followed by "close", as everything is.
  socket.on("error", () => {});
  socket.on("close", () => connection.closed());
  socket.resume();
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
