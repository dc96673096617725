/** What the operation `probe` asks for (its second argument). */
export const PROBE_READ = 0, PROBE_WRITE = 1;
