/** Largest file: what offsets hold exactly and an ext4 of 4 KiB blocks would still take. */
export const MAX_FILE_BYTES = 2 ** 44 - 4096;
