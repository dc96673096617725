/** The door of the serving station: what adapters and generated entries use. */
export { createHandler, type Handler, type HandlerOptions } from "./handler.ts";
export { Front } from "./front/front.ts";
export type { ClientConnection } from "./front/client_connection.ts";
export type { Transport } from "./front/transport.ts";
export { Gateway, type GatewayOptions } from "./gateway.ts";
export {
  freshInstances,
  type GuestInstance,
  type InstanceSource,
  pooledInstances,
  sharedInstance,
} from "./instance.ts";
export { type ClientInfo, isUnanswered, rawResponse } from "./raw.ts";
export { type Field, isNamed } from "./http1/events.ts";
export { listMembers } from "./http1/grammar.ts";
export { planRequest } from "./request.ts";
export type { ResponseSink } from "./sink.ts";
export { forwardedFields } from "./http1/hop_by_hop.ts";
export { type Timers, webTimers } from "./timers.ts";
