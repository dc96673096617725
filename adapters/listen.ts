import type { Server } from "node:net";

export interface ListenOptions {
  /** 0: any that is free. */
  readonly port: number;
  readonly hostname?: string;
}

/** A server that listens. */
export interface RunningServer {
  readonly port: number;
  /** Ends its connections, too. */
  close(): Promise<void>;
}

/** Has a server listen; `closeConnections` ends those that are there when it is closed. */
export async function listen(
  server: Server,
  { port, hostname }: ListenOptions,
  closeConnections: () => void,
): Promise<RunningServer> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, hostname, resolve);
  });
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        closeConnections();
      }),
  };
}
