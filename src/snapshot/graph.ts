import { badInput, bug } from "../errors.ts";
import { type ClassRegistry, savedFieldsOf } from "./class_registry.ts";
import { GraphReader, GraphWriter } from "./graph_bytes.ts";

/**
 * Saves an object graph as bytes and builds it again: primitives, plain objects, arrays, maps, sets, typed arrays (by value),
 * instances of registered classes, with shared references and cycles kept. The same graph gives the same bytes.
 *
 * Layout: magic, version, strings, classes with their fields, then the objects: first what each one is, in the order in which
 * they are met from the root (breadth first), then the contents of each. So all objects exist before the first is filled.
 *
 * A class says what to save in `static savedFields`. Restored instances are made by Object.create, without a constructor: fields
 * that are not saved are set in an optional afterRestore(), which runs once the whole graph is filled, parts before wholes
 * where the graph is a tree.
 */
const MAGIC = [0x4c, 0x47, 0x52, 0x46]; // LGRF
export const GRAPH_VERSION = 1;

const UNDEFINED = 0, NULL = 1, FALSE = 2, TRUE = 3, POSITIVE = 4, NEGATIVE = 5, DOUBLE = 6, STRING = 7, BIGINT = 8;
const REFERENCE = 9;

const INSTANCE = 0, PLAIN = 1, ARRAY = 2, MAP = 3, SET = 4, TYPED = 5, EXTERNAL = 6;

/**
 * Up to how many fields are filled by assignment. V8 takes objects that get more than twelve by computed names (and four that
 * every object has room for) for dictionaries, which makes each later access to their fields slow: tasks and processes are such.
 * It does not where they are defined, which takes longer.
 */
const ASSIGNED_MAX = 12;

type TypedArray =
  | Uint8Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Int8Array<ArrayBuffer>
  | Int16Array<ArrayBuffer>
  | BigUint64Array<ArrayBuffer>;
/** Typed arrays by their number in the format. */
const TYPED_ARRAYS = [
  Uint8Array,
  Int32Array,
  Uint32Array,
  Float64Array,
  Uint16Array,
  Int8Array,
  Int16Array,
  BigUint64Array,
] as const;

/** Bytes of everything reachable from `root`. */
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

/** Builds the graph again. Throws a TranslatorError for bytes that are damaged or of another version. */
export function restoreGraph(bytes: Uint8Array, registry: ClassRegistry): unknown {
  return new SavedGraph(bytes, registry).restore();
}

interface SavedClass {
  prototype: object;
  fields: string[];
}

/** A saved graph that can be built many times: its strings and classes are read once. */
export class SavedGraph {
  private readonly strings: string[];
  private readonly classes: SavedClass[];
  /** Where the objects begin. */
  private readonly start: number;

  constructor(private readonly bytes: Uint8Array, private readonly registry: ClassRegistry) {
    const input = new GraphReader(bytes);
    for (const byte of MAGIC) if (input.u8() !== byte) throw badInput("not a snapshot");
    const version = input.uint();
    if (version !== GRAPH_VERSION) {
      throw badInput(`snapshot has version ${version}, this program reads ${GRAPH_VERSION}: build it again`);
    }
    this.strings = Array.from({ length: input.uint() }, () => input.text());
    this.classes = Array.from({ length: input.uint() }, () => readClass(input, registry));
    this.start = input.at;
  }

  restore(): unknown {
    const input = new GraphReader(this.bytes, this.start);
    return new Restorer(input, this.registry, this.strings, this.classes).restore();
  }
}

function readClass(input: GraphReader, registry: ClassRegistry): SavedClass {
  const name = input.text();
  const fields = Array.from({ length: input.uint() }, () => input.text());
  const savable = registry.classOf(name);
  if (savable === undefined) throw badInput(`snapshot contains class ${name}, which this program does not know`);
  const expected = savedFieldsOf(savable);
  if (expected.join() !== fields.join()) {
    throw badInput(`snapshot was made by another version: class ${name} has fields ${fields.join(", ")} there`);
  }
  return { prototype: savable.prototype, fields };
}

class Restorer {
  private readonly objects: object[] = [];
  /** Kind and length (arrays) or class (instances) of each object. */
  private readonly shapes: [kind: number, detail: number][] = [];

  constructor(
    private readonly input: GraphReader,
    private readonly registry: ClassRegistry,
    private readonly strings: readonly string[],
    private readonly classes: readonly SavedClass[],
  ) {}

  restore(): unknown {
    const count = this.input.uint();
    for (let i = 0; i < count; i++) this.create();
    const root = this.value();
    for (let i = 0; i < count; i++) this.fill(i);
    for (let i = count - 1; i >= 0; i--) {
      if (this.shapes[i][0] !== INSTANCE) continue;
      (this.objects[i] as { afterRestore?(): void }).afterRestore?.();
    }
    return root;
  }

  private create(): void {
    const kind = this.input.u8();
    let detail = 0, object: object;
    switch (kind) {
      case INSTANCE:
        detail = this.input.uint();
        object = Object.create(this.classes[detail].prototype);
        break;
      case PLAIN:
        object = {};
        break;
      case ARRAY:
        detail = this.input.uint();
        object = [];
        break;
      case MAP:
        object = new Map();
        break;
      case SET:
        object = new Set();
        break;
      case TYPED: {
        const type = TYPED_ARRAYS[this.input.u8()];
        const length = this.input.uint();
        object = new type(this.input.raw(length * type.BYTES_PER_ELEMENT).buffer);
        break;
      }
      case EXTERNAL: {
        const name = this.input.text(), found = this.registry.external(name);
        if (found === undefined) throw badInput(`snapshot refers to ${name}, which is not here`);
        object = found;
        break;
      }
      default:
        throw badInput(`snapshot is damaged: object of kind ${kind}`, { offset: this.input.at });
    }
    this.objects.push(object);
    this.shapes.push([kind, detail]);
  }

  private value(): unknown {
    const { input } = this, tag = input.u8();
    switch (tag) {
      case UNDEFINED:
        return undefined;
      case NULL:
        return null;
      case FALSE:
        return false;
      case TRUE:
        return true;
      case POSITIVE:
        return input.uint();
      case NEGATIVE:
        return -input.uint();
      case DOUBLE:
        return input.f64();
      case STRING:
        return this.strings[input.uint()];
      case BIGINT: {
        const text = this.strings[input.uint()];
        return text.startsWith("-") ? -BigInt(`0x${text.slice(1)}`) : BigInt(`0x${text}`);
      }
      case REFERENCE:
        return this.objects[input.uint()];
      default:
        throw badInput(`snapshot is damaged: value of kind ${tag}`, { offset: input.at });
    }
  }

  private fillInstance(object: object, fields: readonly string[]): void {
    if (fields.length <= ASSIGNED_MAX) {
      for (const field of fields) (object as Record<string, unknown>)[field] = this.value();
      return;
    }
    for (const field of fields) {
      const value = this.value();
      Object.defineProperty(object, field, { value, writable: true, enumerable: true, configurable: true });
    }
  }

  private fill(i: number): void {
    const object = this.objects[i], [kind, detail] = this.shapes[i], { input } = this;
    if (kind === INSTANCE) {
      this.fillInstance(object, this.classes[detail].fields);
    } else if (kind === ARRAY) {
      for (let n = 0; n < detail; n++) (object as unknown[]).push(this.value());
    } else if (kind === PLAIN) {
      for (let n = input.uint(); n > 0; n--) {
        const key = this.strings[input.uint()];
        (object as Record<string, unknown>)[key] = this.value();
      }
    } else if (kind === MAP) {
      for (let n = input.uint(); n > 0; n--) (object as Map<unknown, unknown>).set(this.value(), this.value());
    } else if (kind === SET) {
      for (let n = input.uint(); n > 0; n--) (object as Set<unknown>).add(this.value());
    }
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
