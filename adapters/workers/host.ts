import { webHost } from "../web_host.ts";
import type { Host } from "../../src/host/host.ts";

/** Time stands still here while code runs; the kernel's clock creeps forward by itself. */
export const workersHost: Host = webHost;
