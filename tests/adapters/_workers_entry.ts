import { createGuestObject, createObjectEntry, createWorkersEntry } from "../../adapters/workers/mod.ts";
import { addRoute, isolatedServers, listeningServer } from "./_entries.ts";

const isolated = createWorkersEntry(isolatedServers(), {}, addRoute);
const shared = createObjectEntry("GUEST");

export const Guest = createGuestObject(listeningServer, {}, addRoute);

/** Isolated or shared, as the variable MODE says. */
export default {
  fetch(request: Request, env: Record<string, never>, context: never) {
    return (env.MODE as string) === "shared"
      ? shared.fetch(request, env, context)
      : isolated.fetch(request, env, context);
  },
};
