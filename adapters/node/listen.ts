import type { Server } from "node:net";
import type { NodeServer, NodeServerOptions } from "./server.ts";

/** Has a server listen; `closeConnections` ends those that are there when it is closed. */
export async function listen(
  server: Server,
  { port, hostname }: NodeServerOptions,
  closeConnections: () => void,
): Promise<NodeServer> {
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
