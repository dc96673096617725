/** The door of the serving station: what adapters and generated entries use. */
export { createHandler, type Handler, type HandlerOptions } from "./handler.ts";
export {
  freshInstances,
  type GuestInstance,
  type InstanceSource,
  pooledInstances,
  sharedInstance,
} from "./instance.ts";
export { type ClientInfo, isUnanswered, rawResponse } from "./raw.ts";
export { listMembers } from "./http1/grammar.ts";
export { forwardedFields } from "./response.ts";
export { type Timers, webTimers } from "./timers.ts";
