/** What the operation `probe` asks for (its second argument). */
export const PROBE_READ = 0, PROBE_WRITE = 1;

/** Stores so far below rsp are there to find out whether the stack goes on: the red zone has 128 bytes. */
export const PROBE_DISTANCE = -2048;
