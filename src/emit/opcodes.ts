/** Wasm opcodes and type codes that the emitter writes by itself (WebAssembly core specification, 5.4). */
export const W_UNREACHABLE = 0x00, W_BLOCK = 0x02, W_LOOP = 0x03, W_IF = 0x04, W_ELSE = 0x05, W_END = 0x0b;
export const W_BR = 0x0c, W_BR_IF = 0x0d, W_BR_TABLE = 0x0e, W_RETURN = 0x0f;
export const W_CALL = 0x10, W_CALL_INDIRECT = 0x11, W_RETURN_CALL = 0x12, W_RETURN_CALL_INDIRECT = 0x13;
export const W_DROP = 0x1a, W_SELECT = 0x1b;
export const W_LOCAL_GET = 0x20, W_LOCAL_SET = 0x21, W_LOCAL_TEE = 0x22;
export const W_GLOBAL_GET = 0x23, W_GLOBAL_SET = 0x24;
export const W_I32_CONST = 0x41, W_I64_CONST = 0x42, W_F64_CONST = 0x44;
export const W_PREFIX_MISC = 0xfc, W_PREFIX_SIMD = 0xfd, W_PREFIX_ATOMIC = 0xfe;
export const W_MEMORY_COPY = 10, W_MEMORY_FILL = 11;
/** Opcode behind W_PREFIX_ATOMIC. */
export const W_I32_ATOMIC_LOAD8_U = 0x12;
export const BLOCK_EMPTY = 0x40;
export const TYPE_CODES: readonly number[] = [0, 0x7f, 0x7e, 0x7d, 0x7c, 0x7b];
export const W_MEMORY_SIZE = 0x3f;
