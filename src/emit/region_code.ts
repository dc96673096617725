/** What emitted regions need to know of the module they go into. */
export interface ModulePlan {
  /** Function indices. */
  readonly syscall: number;
  readonly fuel: number;
  /** Function index of what calls the region of a pc: the pc, and what a region is given -> what it gives. */
  callThrough(): number;
  /** The same for a jump. */
  jumpThrough(): number;
  readonly mulhiU: number;
  readonly mulhiS: number;
  /** Tasks that stopped in a region can go on in it: after calls, at the heads of loops. */
  readonly resumable: boolean;
  /** Function index of what takes the number out of STATE_REENTER. */
  reenter(): number;
  /** Index of the global that tells whether the relaxed a * b + c rounds once (emit/function_ops.ts). */
  fused(): number;
  /** Function index of one of FUNCTION_OPS. */
  functionOp(op: number): number;
  /** Index of the memory with the map of what pages allow (machine/access_map.ts). */
  access(): number;
  /** Index of the import of a helper by its number. */
  helper(number: number): number;
  /** Type index of regions (region_signature.ts). */
  readonly regionType: number;
  /** How to call the region of a pc. */
  target(pc: number): RegionTarget;
}

/** A region in this module, one whose index is not known yet, one behind a table slot, or none: the dispatcher has to find it. */
export type RegionTarget =
  | { kind: "function"; index: number }
  | { kind: "open"; pc: number }
  | { kind: "slot"; slot: number }
  | { kind: "none" };

/** Where in a function's code which guest instruction begins, for faults. See machine/trap_table.ts. */
export interface TrapMap {
  /** NOTE_WORDS for each place: its offset (ascending), guest address, number of its site. */
  notes: Int32Array;
  /** SITE_COLUMNS of each site. */
  sites: Int32Array;
}

export const NOTE_WORDS = 3;

export const RESUME_WORDS = 2;

/** One emitted region: a function body with its locals, without the size prefix; trap offsets count from its first byte. */
export interface RegionCode {
  entryPc: number;
  body: Uint8Array;
  /** As BranchHints.take() gives them. */
  hints: Uint8Array;
  traps: TrapMap;
  /** Further entries: the function, called with this number in STATE_REENTER, begins at this pc. */
  sideEntries: { pc: number; number: number }[];
  /** Where it can go on after a stop: RESUME_WORDS for each place, its guest address and its code (machine/resume_table.ts). */
  resumePoints: Int32Array;
  /** Least `depth` with which the function does its work; with less it returns its entry's pc. */
  minDepth: number;
  /** It leaves for the interpreter on hosts whose relaxed a * b + c rounds twice. */
  fused: boolean;
  /** CALL_WORDS for each call of a function whose index is open: where in the body the index belongs, and the guest pc. */
  openCalls: Int32Array;
}

export const CALL_WORDS = 2;
