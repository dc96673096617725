/**
 * Most bytes of files expanded from their compressed form that a host keeps; never more than compression saved. An isolate of
 * Workers has 128 MB for everything: enough for some large files that are read at the same time. Elsewhere all that images
 * usually have.
 */
export const KEPT_FILE_BYTES = { workers: 16 << 20, others: 64 << 20 };
