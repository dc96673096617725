/**
 * Code comes in modes. Code made ahead of time, and nearly all other, is of mode 0: loads and stores are not checked, floats are
 * rounded to nearest and denormals kept. What needs more is run by code made for its mode when it is reached, or interpreted.
 */

/** Loads and stores fault where mappings do not allow them. */
export const MODE_CHECKED = 0x0004;

/** MXCSR bits that change results (Intel SDM volume 1, 10.2.3); in a mode each stands for itself. */
export const DENORMALS_ARE_ZERO = 0x0040, FLUSH_TO_ZERO = 0x8000, ROUNDING_CONTROL = 0x6000;
export const FLOAT_MODE = DENORMALS_ARE_ZERO | FLUSH_TO_ZERO | ROUNDING_CONTROL;

/** All bits of a mode. Traits of code (CODE_ bits, machine.ts) are others, so that one number holds both. */
export const MODE_BITS = MODE_CHECKED | FLOAT_MODE;
