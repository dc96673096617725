import type { ClientInfo } from "../../src/serve/mod.ts";

/** A fetch handler with what this adapter can tell it beside the request. */
export type NodeFetch = (request: Request, info: ClientInfo) => Response | Promise<Response>;
