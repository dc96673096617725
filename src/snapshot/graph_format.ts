/**
 * How an object graph is kept as bytes: primitives, plain objects, arrays, maps, sets, typed arrays (by value), instances of
 * registered classes, with shared references and cycles kept.
 *
 * Layout: magic, version, strings, classes with their fields, then the objects: first what each one is, in the order in which
 * they are met from the root (breadth first), then the root and the contents of each.
 */
export const MAGIC: readonly number[] = [0x4c, 0x47, 0x52, 0x46]; // LGRF
export const GRAPH_VERSION = 1;

/** Kinds of values. */
export const UNDEFINED = 0,
  NULL = 1,
  FALSE = 2,
  TRUE = 3,
  POSITIVE = 4,
  NEGATIVE = 5,
  DOUBLE = 6,
  STRING = 7,
  BIGINT = 8;
export const REFERENCE = 9;

/** Kinds of objects. */
export const INSTANCE = 0, PLAIN = 1, ARRAY = 2, MAP = 3, SET = 4, TYPED = 5, EXTERNAL = 6;

export type TypedArray =
  | Uint8Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Int8Array<ArrayBuffer>
  | Int16Array<ArrayBuffer>
  | BigUint64Array<ArrayBuffer>;
/** Typed arrays by their number in the format. */
export const TYPED_ARRAYS = [
  Uint8Array,
  Int32Array,
  Uint32Array,
  Float64Array,
  Uint16Array,
  Int8Array,
  Int16Array,
  BigUint64Array,
] as const;
/** A class of them. */
export type TypedArrayClass = typeof TYPED_ARRAYS[number];
