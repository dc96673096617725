import { webHost } from "../web_host.ts";
import type { Host } from "../../src/host/host.ts";

export const denoHost: Host = {
  ...webHost,
  // With a fraction, unlike Date.now().
  realtimeMs: () => performance.timeOrigin + performance.now(),
};
