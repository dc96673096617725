import { badInput, type ErrorPlace, type TranslatorError } from "../errors.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Parses a document that must be JSON. */
export function parseJson(bytes: Uint8Array, file: string): unknown {
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch (error) {
    throw badInput("not valid JSON", { file }, { cause: error });
  }
}

/**
 * A JSON object of unknown origin, read field by field with a check of each type. Only own fields count, so that a name
 * such as "constructor" finds nothing; null counts as missing, because Go writes empty lists so.
 */
export class JsonView {
  private readonly fields: object;
  private readonly place: ErrorPlace;

  constructor(value: unknown, file: string, private readonly path = "") {
    this.place = { file };
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw badInput(`${path === "" ? "the document" : path} is not an object`, this.place);
    }
    this.fields = value;
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  text(name: string): string {
    const value = this.optionalText(name);
    if (value === undefined) throw this.bad(name, "is missing");
    return value;
  }

  optionalText(name: string): string | undefined {
    const value = this.get(name);
    if (value !== undefined && typeof value !== "string") throw this.bad(name, "is not a string");
    return value;
  }

  /** A count of bytes. */
  size(name: string): number {
    const value = this.get(name);
    if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) throw this.bad(name, "is not a size");
    return value;
  }

  optionalObject(name: string): JsonView | undefined {
    const value = this.get(name);
    return value === undefined ? undefined : new JsonView(value, this.place.file!, this.at(name));
  }

  object(name: string): JsonView {
    const value = this.optionalObject(name);
    if (value === undefined) throw this.bad(name, "is missing");
    return value;
  }

  objects(name: string): JsonView[] {
    return this.list(name).map((value, i) => new JsonView(value, this.place.file!, `${this.at(name)}[${i}]`));
  }

  texts(name: string): string[] {
    const list = this.list(name);
    if (!list.every((value) => typeof value === "string")) throw this.bad(name, "holds what is not a string");
    return list;
  }

  /** Names of an object's fields; none when it is missing. */
  keys(name: string): string[] {
    const value = this.optionalObject(name);
    return value === undefined ? [] : Object.keys(value.fields);
  }

  /** An object of strings. */
  textMap(name: string): Map<string, string> {
    const map = new Map<string, string>();
    const view = this.optionalObject(name);
    for (const key of this.keys(name)) map.set(key, view!.optionalText(key) ?? "");
    return map;
  }

  /** An error about one field. */
  bad(name: string, reason: string): TranslatorError {
    return badInput(`${this.at(name)} ${reason}`, this.place);
  }

  private list(name: string): unknown[] {
    const value = this.get(name);
    if (value === undefined) return [];
    if (!Array.isArray(value)) throw this.bad(name, "is not a list");
    return value;
  }

  private get(name: string): unknown {
    if (!Object.hasOwn(this.fields, name)) return undefined;
    return (this.fields as Record<string, unknown>)[name] ?? undefined;
  }

  private at(name: string): string {
    return this.path === "" ? name : `${this.path}.${name}`;
  }
}
