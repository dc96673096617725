import {
  CAPABILITIES_OF_FILES,
  CONTAINER_CAPABILITIES,
  SECBIT_KEEP_CAPS,
  SECBIT_NO_SETUID_FIXUP,
  SECBIT_NOROOT,
} from "../abi/capability.ts";

/** Who a process acts as, and what it may do (credentials(7), capabilities(7)). Root is the root of a container. */
export class Credentials {
  static readonly savedFields: readonly string[] = [
    "uid",
    "euid",
    "suid",
    "fsuid",
    "gid",
    "egid",
    "sgid",
    "fsgid",
    "groups",
    "effective",
    "permitted",
    "inheritable",
    "ambient",
    "bounding",
    "secureBits",
  ];
  uid: number;
  euid: number;
  suid: number;
  fsuid: number;
  gid: number;
  egid: number;
  sgid: number;
  fsgid: number;
  /** Supplementary groups. */
  groups: number[];
  /** Sets of capabilities, a bit for each. */
  effective: number;
  permitted: number;
  inheritable = 0;
  ambient = 0;
  bounding = CONTAINER_CAPABILITIES;
  /** SECBIT_ bits. */
  secureBits = 0;

  constructor(uid: number, gid: number, groups: number[] = []) {
    this.uid =
      this.euid =
      this.suid =
      this.fsuid =
        uid;
    this.gid =
      this.egid =
      this.sgid =
      this.fsgid =
        gid;
    this.groups = groups;
    this.effective = this.permitted = uid === 0 ? CONTAINER_CAPABILITIES : 0;
  }

  copy(): Credentials {
    const c = new Credentials(0, 0, this.groups.slice());
    c.uid = this.uid;
    c.euid = this.euid;
    c.suid = this.suid;
    c.fsuid = this.fsuid;
    c.setGids(this.gid, this.egid, this.sgid);
    c.fsgid = this.fsgid;
    c.effective = this.effective;
    c.permitted = this.permitted;
    c.inheritable = this.inheritable;
    c.ambient = this.ambient;
    c.bounding = this.bounding;
    c.secureBits = this.secureBits;
    return c;
  }

  /** The file system identity follows the effective one, as in Linux; capabilities follow both (cap_emulate_setxuid). */
  setUids(real: number, effective: number, saved: number): void {
    const wasRoot = this.uid === 0 || this.euid === 0 || this.suid === 0, wasEffectiveRoot = this.euid === 0;
    this.uid = real;
    this.euid = this.fsuid = effective;
    this.suid = saved;
    if (this.secureBits & SECBIT_NO_SETUID_FIXUP) return;
    const isRoot = real === 0 || effective === 0 || saved === 0;
    if (wasRoot && !isRoot) {
      if (!(this.secureBits & SECBIT_KEEP_CAPS)) this.permitted = this.effective = 0;
      this.ambient = 0;
    }
    if (wasEffectiveRoot && effective !== 0) this.effective = 0;
    if (!wasEffectiveRoot && effective === 0) this.effective = this.permitted;
  }

  setGids(real: number, effective: number, saved: number): void {
    this.gid = real;
    this.egid = this.fsgid = effective;
    this.sgid = saved;
  }

  /** setfsuid(2). */
  setFileUid(uid: number): void {
    const was = this.fsuid;
    this.fsuid = uid;
    if (this.secureBits & SECBIT_NO_SETUID_FIXUP) return;
    if (was === 0 && uid !== 0) this.effective &= ~CAPABILITIES_OF_FILES;
    if (was !== 0 && uid === 0) this.effective |= this.permitted & CAPABILITIES_OF_FILES;
  }

  /** The sets after execve(2): no program has capabilities of its own here, but for root all have. */
  capabilitiesAfterExec(changesIds: boolean): void {
    if (changesIds) this.ambient = 0;
    const rootCounts = !(this.secureBits & SECBIT_NOROOT);
    if (rootCounts && (this.uid === 0 || this.euid === 0)) {
      this.permitted = this.inheritable | this.bounding;
      this.effective = this.euid === 0 ? this.permitted : this.ambient;
    } else this.permitted = this.effective = this.ambient;
    this.secureBits &= ~SECBIT_KEEP_CAPS;
  }

  /** Whether a capability is effective. */
  can(capability: number): boolean {
    return (this.effective >>> capability & 1) !== 0;
  }

  /** Root with what root has: for what no capability of a container allows, and nothing outside needs protection from. */
  get privileged(): boolean {
    return this.euid === 0 && this.effective !== 0;
  }

  inGroup(gid: number): boolean {
    return gid === this.fsgid || this.groups.includes(gid);
  }
}
