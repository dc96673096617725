import { bug } from "../errors.ts";
import { type ClassRegistry, savedFieldsOf } from "./class_registry.ts";
import { GraphWriter } from "./graph_bytes.ts";
import {
  ARRAY,
  BIGINT,
  DOUBLE,
  EXTERNAL,
  FALSE,
  GRAPH_VERSION,
  INSTANCE,
  MAGIC,
  MAP,
  NEGATIVE,
  NULL,
  PLAIN,
  POSITIVE,
  REFERENCE,
  SET,
  STRING,
  TRUE,
  TYPED,
  TYPED_ARRAYS,
  type TypedArray,
  UNDEFINED,
} from "./graph_format.ts";

/** Bytes of everything reachable from `root`, as graph_format.ts has it. The same graph gives the same bytes. */
export function saveGraph(root: unknown, registry: ClassRegistry): Uint8Array<ArrayBuffer> {
  return new Saver(registry).save(root);
}

class Saver {
  private readonly kinds = new GraphWriter();
  private readonly contents = new GraphWriter();
  private readonly strings = new Map<string, number>();
  /** Class names and their fields, in order of first use. */
  private readonly classes = new Map<string, { index: number; fields: string[] }>();
  private readonly ids = new Map<object, number>();
  private readonly objects: object[] = [];
  /** How each object was first reached, for error messages. */
  private readonly paths: [parent: number, key: string][] = [];
  private current = -1;

  constructor(private readonly registry: ClassRegistry) {}

  save(root: unknown): Uint8Array<ArrayBuffer> {
    this.value(root, "");
    for (let id = 0; id < this.objects.length; id++) {
      this.current = id;
      this.fill(this.objects[id]);
    }
    const out = new GraphWriter();
    out.raw(new Uint8Array(MAGIC));
    out.uint(GRAPH_VERSION);
    out.uint(this.strings.size);
    for (const text of this.strings.keys()) out.text(text);
    out.uint(this.classes.size);
    for (const [name, { fields }] of this.classes) {
      out.text(name);
      out.uint(fields.length);
      for (const field of fields) out.text(field);
    }
    out.uint(this.objects.length);
    out.raw(this.kinds.finish());
    out.raw(this.contents.finish());
    return out.finish();
  }

  private value(value: unknown, key: string): void {
    const out = this.contents;
    switch (typeof value) {
      case "undefined":
        return out.u8(UNDEFINED);
      case "boolean":
        return out.u8(value ? TRUE : FALSE);
      case "number":
        return this.number(value);
      case "string":
        out.u8(STRING);
        return out.uint(this.string(value));
      case "bigint":
        out.u8(BIGINT);
        return out.uint(this.string(value.toString(16)));
      case "object":
        if (value === null) return out.u8(NULL);
        out.u8(REFERENCE);
        return out.uint(this.reference(value, key));
      default:
        throw bug(`cannot save a ${typeof value} at ${this.pathOf(this.current, key)}`);
    }
  }

  private number(value: number): void {
    const out = this.contents;
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
      out.u8(value >= 0 ? POSITIVE : NEGATIVE);
      out.uint(Math.abs(value));
    } else {
      out.u8(DOUBLE);
      out.f64(value);
    }
  }

  private string(text: string): number {
    let index = this.strings.get(text);
    if (index === undefined) this.strings.set(text, index = this.strings.size);
    return index;
  }

  /** The object's number; a new object is described and put in line to be filled. */
  private reference(object: object, key: string): number {
    const known = this.ids.get(object);
    if (known !== undefined) return known;
    const id = this.objects.length;
    this.ids.set(object, id);
    this.paths.push([this.current, key]);
    this.objects.push(object);
    this.describe(object, id);
    return id;
  }

  private describe(object: object, id: number): void {
    const out = this.kinds;
    const external = this.registry.externalName(object);
    if (external !== undefined) {
      out.u8(EXTERNAL);
      return out.text(external);
    }
    if (Array.isArray(object)) {
      out.u8(ARRAY);
      return out.uint(object.length);
    }
    if (ArrayBuffer.isView(object)) return this.describeTyped(object as TypedArray, id);
    const prototype = Object.getPrototypeOf(object);
    if (prototype === Map.prototype) return out.u8(MAP);
    if (prototype === Set.prototype) return out.u8(SET);
    if (prototype === Object.prototype || prototype === null) return out.u8(PLAIN);
    const name = this.registry.nameOf(object);
    if (name === undefined) {
      throw bug(`class ${object.constructor.name} is not registered for saving, at ${this.pathOf(id)}`);
    }
    let known = this.classes.get(name);
    if (known === undefined) {
      known = { index: this.classes.size, fields: savedFieldsOf(this.registry.classOf(name)!) };
      this.classes.set(name, known);
    }
    out.u8(INSTANCE);
    out.uint(known.index);
  }

  private describeTyped(array: TypedArray, id: number): void {
    const out = this.kinds;
    const type = TYPED_ARRAYS.findIndex((t) => array.constructor === t);
    if (type < 0) throw bug(`cannot save a ${array.constructor.name} at ${this.pathOf(id)}`);
    out.u8(TYPED);
    out.u8(type);
    out.uint(array.length);
    out.raw(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
  }

  private fill(object: object): void {
    if (this.registry.externalName(object) !== undefined || ArrayBuffer.isView(object)) return;
    if (Array.isArray(object)) {
      for (let i = 0; i < object.length; i++) this.value(object[i], `[${i}]`);
      return;
    }
    const prototype = Object.getPrototypeOf(object);
    if (prototype === Map.prototype) {
      const map = object as Map<unknown, unknown>;
      this.contents.uint(map.size);
      for (const [key, value] of map) {
        this.value(key, ".key");
        this.value(value, typeof key === "object" ? ".value" : `.get(${String(key)})`);
      }
    } else if (prototype === Set.prototype) {
      const set = object as Set<unknown>;
      this.contents.uint(set.size);
      for (const value of set) this.value(value, ".member");
    } else if (prototype === Object.prototype || prototype === null) {
      const entries = Object.entries(object);
      this.contents.uint(entries.length);
      for (const [key, value] of entries) {
        this.contents.uint(this.string(key));
        this.value(value, `.${key}`);
      }
    } else {
      const { fields } = this.classes.get(this.registry.nameOf(object)!)!;
      for (const field of fields) this.value((object as Record<string, unknown>)[field], `.${field}`);
    }
  }

  /** "root.tasks.get(1).restart", as first reached. */
  private pathOf(id: number, key = ""): string {
    let path = key;
    for (let i = id; i >= 0; i = this.paths[i][0]) path = this.paths[i][1] + path;
    return `root${path}`;
  }
}

/**
 * Own fields of registered instances in the graph that are neither saved nor named in `static unsavedFields`: what a class may
 * have forgotten. For tests; "Task.pendingSignals" and the like, sorted.
 */
export function forgottenFields(root: object, registry: ClassRegistry): string[] {
  const forgotten = new Set<string>(), seen = new Set<object>(), todo: object[] = [root];
  for (let object = todo.pop(); object !== undefined; object = todo.pop()) {
    if (seen.has(object) || registry.externalName(object) !== undefined || ArrayBuffer.isView(object)) continue;
    seen.add(object);
    const visit = (value: unknown) => void (typeof value === "object" && value !== null && todo.push(value));
    if (object instanceof Map) object.forEach((value, key) => (visit(key), visit(value)));
    else if (object instanceof Set || Array.isArray(object)) object.forEach(visit);
    else {
      const name = registry.nameOf(object);
      const savable = name === undefined ? undefined : registry.classOf(name);
      const fields = savable === undefined ? Object.keys(object) : savedFieldsOf(savable);
      const unsaved = (savable as { unsavedFields?: readonly string[] } | undefined)?.unsavedFields ?? [];
      for (const key of Object.keys(object)) {
        if (!fields.includes(key) && !unsaved.includes(key)) forgotten.add(`${name}.${key}`);
      }
      for (const field of fields) visit((object as Record<string, unknown>)[field]);
    }
  }
  return [...forgotten].sort();
}
