import { UTS_RELEASE, UTS_SYSNAME, UTS_VERSION } from "../../syscalls/system_info.ts";

/** /proc/version. */
export function version(): string {
  return `${UTS_SYSNAME} version ${UTS_RELEASE} (lighter@localhost) (gcc) ${UTS_VERSION}\n`;
}
