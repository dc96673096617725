/** Which of a server's listening sockets the requests go to. */

export interface Listener {
  ip: string;
  port: number;
}

/**
 * The port wanted if it is listened on; else the first port that the image exposes; else the first that is not for the
 * container's inside only; else the first. `listeners` in the order in which they began to listen; undefined if there is none.
 */
export function servingPort(
  listeners: readonly Listener[],
  exposed: readonly number[],
  wanted?: number,
): number | undefined {
  const ports = listeners.map((l) => l.port);
  if (wanted !== undefined) return ports.includes(wanted) ? wanted : undefined;
  const outside = listeners.find(({ ip }) => !ip.startsWith("127.") && ip !== "::1");
  return exposed.find((port) => ports.includes(port)) ?? outside?.port ?? ports[0];
}

/** True if the port that should get the requests listens, not only another one of the server's. */
export function isListening(listeners: readonly Listener[], exposed: readonly number[], wanted?: number): boolean {
  const ports = wanted === undefined ? exposed : [wanted];
  return listeners.length > 0 && (ports.length === 0 || listeners.some(({ port }) => ports.includes(port)));
}
