import { isMap, isScalar, isSeq, type Node, type Pair, type Scalar, type YAMLMap, type YAMLSeq } from 'yaml';
import type { ParsedFile } from './parse.ts';
import { Refusal } from './refusal.ts';

/** Keys and indexes from the root to a value of the plain data. */
export type Path = readonly (string | number)[];

export interface Field {
  key: Scalar;
  value: Cursor;
}

/** A place in a parsed config that knows its path. Fields are asked for by their protobuf name. */
export class Cursor {
  readonly file: ParsedFile;
  readonly node: Node | null;
  readonly path: Path;

  constructor(file: ParsedFile, node: Node | null, path: Path) {
    this.file = file;
    this.node = node;
    this.path = path;
  }

  get map(): YAMLMap<unknown, unknown> | undefined {
    return isMap(this.node) ? this.node : undefined;
  }

  get list(): YAMLSeq<unknown> | undefined {
    return isSeq(this.node) ? this.node : undefined;
  }

  get string(): string | undefined {
    return isScalar(this.node) && typeof this.node.value === 'string' ? this.node.value : undefined;
  }

  get scalar(): unknown {
    return isScalar(this.node) ? this.node.value : undefined;
  }

  get line(): number {
    return this.file.lineAt(this.node?.range?.[0] ?? 0);
  }

  /** The value of a field, written in snake_case or camelCase as protobuf allows; undefined when absent or null. */
  get(name: string): Cursor | undefined {
    const value = this.field(name)?.value;
    return value === undefined || isNull(value.node) ? undefined : value;
  }

  /** The field with its key, null values included. */
  field(name: string): Field | undefined {
    const found = this.fields().filter(({ key }) => key.value === name || key.value === toCamelCase(name));
    const [first, second] = found;
    if (first !== undefined && second !== undefined) {
      throw new Refusal(
        'DuplicateKeys',
        `${this.file.key}, line ${this.file.lineAt(second.key.range?.[0] ?? 0)}: "${String(second.key.value)}" is the ` +
          `same field as "${String(first.key.value)}" on line ${this.file.lineAt(first.key.range?.[0] ?? 0)}. Remove one of them.`,
      );
    }
    return first;
  }

  /** All fields with a scalar key, in the text's order. */
  fields(): Field[] {
    const fields: Field[] = [];
    for (const pair of this.map?.items ?? []) {
      const { key, value } = pair as Pair<unknown, Node | null>;
      if (!isScalar(key)) continue;
      fields.push({ key, value: new Cursor(this.file, value, [...this.path, String(key.value)]) });
    }
    return fields;
  }

  /** The elements of a repeated field. Envoy takes a lone map as a list of one. */
  items(): Cursor[] {
    if (this.map !== undefined) return [this];
    return (this.list?.items ?? []).map((item, index) => {
      return new Cursor(this.file, item as Node | null, [...this.path, index]);
    });
  }

  /** The elements of a repeated field of this map. */
  each(name: string): Cursor[] {
    return this.get(name)?.items() ?? [];
  }
}

export function rootOf(file: ParsedFile): Cursor {
  return new Cursor(file, file.document.contents, []);
}

function isNull(node: Node | null): boolean {
  return node === null || (isScalar(node) && node.value === null);
}

function toCamelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase());
}
