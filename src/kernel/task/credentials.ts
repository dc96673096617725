/** Who a process acts as (credentials(7)). Root inside the image is root for us; there is nothing outside to protect from it. */
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
  }

  copy(): Credentials {
    const c = new Credentials(0, 0, this.groups.slice());
    c.setUids(this.uid, this.euid, this.suid);
    c.setGids(this.gid, this.egid, this.sgid);
    c.fsuid = this.fsuid;
    c.fsgid = this.fsgid;
    return c;
  }

  /** The file system identity follows the effective one, as in Linux. */
  setUids(real: number, effective: number, saved: number): void {
    this.uid = real;
    this.euid = this.fsuid = effective;
    this.suid = saved;
  }

  setGids(real: number, effective: number, saved: number): void {
    this.gid = real;
    this.egid = this.fsgid = effective;
    this.sgid = saved;
  }

  /** CAP_SETUID, CAP_KILL and the like: root has all, others none (capabilities(7)). */
  get privileged(): boolean {
    return this.euid === 0;
  }

  inGroup(gid: number): boolean {
    return gid === this.fsgid || this.groups.includes(gid);
  }
}
