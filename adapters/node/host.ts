import { webHost } from "../web_host.ts";
import type { Host } from "../../src/host/host.ts";

export const nodeHost: Host = {
  ...webHost,
  realtimeMs: () => performance.timeOrigin + performance.now(),
};
