/** The user of an image: "", "name", "uid", "name:group", "uid:gid", with the rules of moby/sys/user (GetExecUser). */
import { badInput } from "../errors.ts";
import { decodeName } from "../rootfs/names.ts";

export interface ResolvedUser {
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups. */
  readonly groups: readonly number[];
  readonly home: string;
}

type ReadRootFile = (path: string) => Uint8Array | undefined;

interface PasswdEntry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

interface GroupEntry {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

/** Looks a user up in /etc/passwd and /etc/group. A number needs no entry; a name does. */
export function resolveUser(text: string, readFile: ReadRootFile, file: string): ResolvedUser {
  const colon = text.indexOf(":");
  const userText = colon < 0 ? text : text.slice(0, colon);
  const groupText = colon < 0 ? "" : text.slice(colon + 1);
  const uid = userText === "" ? 0 : parseId(userText);
  const entry = readPasswd(readFile).find((user) =>
    userText === "" ? user.uid === 0 : user.name === userText || user.uid === uid
  );
  if (entry === undefined && uid === undefined) {
    throw badInput(`user ${quote(userText)} of the image is not in /etc/passwd`, { file });
  }
  const groups = readGroups(readFile);
  return {
    uid: entry?.uid ?? uid!,
    gid: groupText === "" ? entry?.gid ?? 0 : resolveGroup(groupText, groups, file),
    // A group that is named stands alone, as in docker.
    groups: groupText !== "" || entry === undefined
      ? []
      : groups.filter(({ members }) => members.includes(entry.name)).map(({ gid }) => gid),
    home: entry?.home || "/",
  };
}

function resolveGroup(text: string, groups: readonly GroupEntry[], file: string): number {
  const gid = parseId(text);
  const found = groups.find((group) => group.name === text || group.gid === gid)?.gid ?? gid;
  if (found === undefined) throw badInput(`group ${quote(text)} of the image is not in /etc/group`, { file });
  return found;
}

// passwd(5): name:password:uid:gid:comment:home:shell. Lines that make no sense are passed over, as libc does.
function readPasswd(readFile: ReadRootFile): PasswdEntry[] {
  return records(readFile("/etc/passwd")).flatMap(([name, , uidText = "", gidText = "", , home = ""]) => {
    const uid = parseId(uidText);
    const gid = parseId(gidText);
    return uid === undefined || gid === undefined ? [] : [{ name, uid, gid, home }];
  });
}

// group(5): name:password:gid:member,member
function readGroups(readFile: ReadRootFile): GroupEntry[] {
  return records(readFile("/etc/group")).flatMap(([name, , gidText = "", members = ""]) => {
    const gid = parseId(gidText);
    return gid === undefined ? [] : [{ name, gid, members: members.split(",") }];
  });
}

function records(bytes: Uint8Array | undefined): string[][] {
  if (bytes === undefined) return [];
  const lines = decodeName(bytes).split("\n").map((line) => line.trim());
  return lines.filter((line) => line !== "" && !line.startsWith("#")).map((line) => line.split(":"));
}

function parseId(text: string): number | undefined {
  return /^[0-9]{1,10}$/.test(text) && Number(text) < 0xffff_ffff ? Number(text) : undefined;
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}
