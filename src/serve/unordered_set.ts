/** What a member of an UnorderedSet keeps for it. */
export interface SetMember {
  /** The set's: where the member is, -1 outside of it. A member is in one set at a time. */
  place: number;
}

/**
 * A set as an array. For members that come and go with each request: the tables of a Set that has grown or shrunk hold each
 * the next one, and the members of that moment. So the collector takes half of all requests for living, once one such table
 * has grown old, and copies them.
 */
export class UnorderedSet<T extends SetMember> {
  private readonly members: T[] = [];

  get size(): number {
    return this.members.length;
  }

  has(member: T): boolean {
    const { place } = member;
    // To ask an array for -1 is to ask for the name "-1".
    return place >= 0 && this.members[place] === member;
  }

  add(member: T): void {
    if (this.has(member)) return;
    member.place = this.members.length;
    this.members.push(member);
  }

  delete(member: T): void {
    if (!this.has(member)) return;
    const last = this.members.pop()!;
    if (last !== member) {
      this.members[member.place] = last;
      last.place = member.place;
    }
    member.place = -1;
  }

  /** Empties the set. */
  takeAll(): T[] {
    const all = this.members.splice(0);
    for (const member of all) member.place = -1;
    return all;
  }
}
