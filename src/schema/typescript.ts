import avro, { type Type, type types } from 'avsc';
import type { AvroSchema } from './port.ts';

interface FieldText {
  readonly name: string;
  readonly type: unknown;
  readonly doc?: string;
  readonly phi?: boolean;
}

interface Definition {
  readonly type: string;
  readonly name?: string;
  readonly namespace?: string;
  readonly doc?: string;
  readonly fields?: readonly FieldText[];
}

/** What the bare value of a logical type means; the codec hands out the underlying value. */
const logicalUnits: Readonly<Record<string, string>> = {
  date: 'Days since 1970-01-01.',
  'time-millis': 'Milliseconds since midnight.',
  'time-micros': 'Microseconds since midnight.',
  'timestamp-millis': 'Milliseconds since 1970 (UTC).',
  'timestamp-micros': 'Microseconds since 1970 (UTC).',
  'local-timestamp-millis': 'Milliseconds since 1970, local time.',
  'local-timestamp-micros': 'Microseconds since 1970, local time.',
  decimal: 'Unscaled decimal: two’s complement, big-endian.',
  uuid: 'UUID.',
};

/** TypeScript has these names already; a type of ours must not hide them. */
const taken = new Set(['Array', 'Buffer', 'Error', 'Map', 'Object', 'Readonly', 'Record', 'String', 'Number', 'Boolean', 'Symbol']);

/** Everything the generated module of one schema is made of. */
export interface Declarations {
  /** TypeScript name of the schema itself. */
  readonly root: string;
  /** Declarations of every named type, the root first. */
  readonly text: string;
  readonly fingerprint: string;
}

/**
 * TypeScript declarations of an Avro schema, as the codec's values have them: records → interfaces, enums → unions of
 * strings, bytes and fixed → Buffer, long → number. Unions are bare values; where two branches would look alike (two
 * records, int and long), the value is wrapped: `{ 'branch.Name': value }`. Throws what avsc says of a bad schema.
 */
export function declarations(schema: AvroSchema): Declarations {
  const definitions = new Map<string, Definition>();
  const type = avro.Type.forSchema(schema as never, {
    typeHook: (found, options) => {
      const definition = found as unknown as Definition;
      if (definition.name !== undefined) {
        const namespace = definition.namespace ?? options.namespace;
        definitions.set(definition.name.includes('.') || !namespace ? definition.name : `${namespace}.${definition.name}`, definition);
      }
      return undefined;
    },
  });
  const named = namedTypes(type);
  const nameOf = identifiers([...named.keys()]);
  const expression = (of: Type): string => expressionOf(of, nameOf);
  const parts = [...named].map(([fullName, of]) => declare(of, nameOf(fullName), definitions.get(fullName), expression));
  let root = type.name ? nameOf(type.name) : '';
  if (!root) {
    root = 'Value';
    parts.unshift(`export type ${root} = ${expression(type)};\n`);
  }
  return { root, text: parts.join('\n'), fingerprint: type.fingerprint('sha256').toString('hex') };
}

/** Named types reachable from `type`, outermost first. */
function namedTypes(type: Type, found = new Map<string, Type>()): Map<string, Type> {
  if (type.name && isNamed(type)) {
    if (found.has(type.name)) return found;
    found.set(type.name, type);
  }
  if (type.typeName === 'record' || type.typeName === 'error')
    for (const field of (type as types.RecordType).fields) namedTypes(field.type, found);
  if (type.typeName === 'array') namedTypes((type as types.ArrayType).itemsType, found);
  if (type.typeName === 'map') namedTypes((type as types.MapType).valuesType, found);
  if (type.typeName.startsWith('union:')) for (const branch of (type as types.UnwrappedUnionType).types) namedTypes(branch, found);
  return found;
}

const isNamed = (type: Type): boolean => ['record', 'error', 'enum', 'fixed'].includes(type.typeName);
const pascal = (text: string): string =>
  text.replace(/(^|[^A-Za-z0-9]+)([A-Za-z0-9])/g, (_, _separator, first: string) => first.toUpperCase());

/** The last part of each full name; all of it, in Pascal case, where two would be equal or TypeScript has the name. */
function identifiers(fullNames: readonly string[]): (fullName: string) => string {
  const last = (fullName: string) => pascal(fullName.slice(fullName.lastIndexOf('.') + 1));
  const names = new Map<string, string>();
  const used = new Set<string>();
  for (const fullName of fullNames) {
    const short = last(fullName);
    let name = taken.has(short) || fullNames.some((other) => other !== fullName && last(other) === short) ? pascal(fullName) : short;
    while (used.has(name) || taken.has(name)) name += '_';
    used.add(name);
    names.set(fullName, name);
  }
  return (fullName) => names.get(fullName) ?? last(fullName);
}

function expressionOf(type: Type, nameOf: (fullName: string) => string): string {
  if (type.name && isNamed(type)) return nameOf(type.name);
  const inner = (of: Type) => expressionOf(of, nameOf);
  switch (type.typeName) {
    case 'null':
    case 'boolean':
    case 'string':
      return type.typeName;
    case 'bytes':
      return 'Buffer';
    case 'array': {
      const item = inner((type as types.ArrayType).itemsType);
      return /[ |]/.test(item) && !item.startsWith('{') ? `readonly (${item})[]` : `readonly ${item}[]`;
    }
    case 'map':
      return `{ readonly [key: string]: ${inner((type as types.MapType).valuesType)} }`;
    case 'union:unwrapped':
      return (type as types.UnwrappedUnionType).types.map(inner).join(' | ');
    case 'union:wrapped':
      return (type as types.WrappedUnionType).types
        .map((branch) => (branch.typeName === 'null' ? 'null' : `{ readonly ${JSON.stringify(branch.branchName)}: ${inner(branch)} }`))
        .join(' | ');
    default:
      return 'number';
  }
}

function declare(type: Type, name: string, definition: Definition | undefined, expression: (of: Type) => string): string {
  const head = docstring([definition?.doc], '');
  if (type.typeName === 'enum') {
    const symbols = (type as unknown as { symbols: readonly string[] }).symbols.map((symbol) => JSON.stringify(symbol));
    return `${head}export type ${name} = ${symbols.join(' | ')};\n`;
  }
  if (type.typeName === 'fixed')
    return `${docstring([definition?.doc, `${(type as unknown as { size: number }).size} bytes.`], '')}export type ${name} = Buffer;\n`;
  const fields = (type as types.RecordType).fields.map((field) => {
    const text = definition?.fields?.find((other) => other.name === field.name);
    const doc = docstring([text?.doc, logicalUnits[logicalType(text?.type) ?? ''], text?.phi ? 'PHI.' : undefined], '  ');
    return `${doc}  readonly ${field.name}: ${expression(field.type)};\n`;
  });
  return `${head}export interface ${name} {\n${fields.join('')}}\n`;
}

function logicalType(schema: unknown): string | undefined {
  if (Array.isArray(schema)) return schema.map(logicalType).find((found) => found !== undefined);
  if (typeof schema !== 'object' || schema === null) return undefined;
  const { type, logicalType: own } = schema as { type?: unknown; logicalType?: string };
  return own ?? logicalType(type);
}

function docstring(sentences: readonly (string | undefined)[], indent: string): string {
  const text = sentences.filter((sentence) => sentence !== undefined).join(' ');
  const safe = text.replace(/\*\//g, '*\\/').replace(/\s+/g, ' ').trim();
  return safe ? `${indent}/** ${safe} */\n` : '';
}
