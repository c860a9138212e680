import { type Type, typeOf, type types } from './codec/type.ts';
import type { AvroSchema, Compatibility } from './port.ts';

/**
 * Can `reader` read everything that `writer` wrote (BACKWARD)? Decided by avsc's `createResolver`, field by field, so that
 * every problem is named and not only the first.
 */
export function backwardCompatible(reader: AvroSchema, writer: AvroSchema): Compatibility {
  const [readerType, writerType] = [typeOf(reader), typeOf(writer)];
  const problems = resolves(readerType, writerType) ? [] : problemsOf(readerType, writerType, '', new Set());
  return { compatible: problems.length === 0, problems };
}

function resolves(reader: Type, writer: Type): boolean {
  try {
    reader.createResolver(writer);
    return true;
  } catch {
    return false;
  }
}

function problemsOf(reader: Type, writer: Type, path: string, seen: Set<Type>): string[] {
  const at = path || described(reader);
  if (isRecord(reader) && isRecord(writer)) {
    if (seen.has(reader)) return [];
    seen.add(reader);
    return recordProblems(reader, writer, path, seen, at);
  }
  if (reader.typeName === 'array' && writer.typeName === 'array')
    return problemsOf((reader as types.ArrayType).itemsType, (writer as types.ArrayType).itemsType, `${at}[]`, seen);
  if (reader.typeName === 'map' && writer.typeName === 'map')
    return problemsOf((reader as types.MapType).valuesType, (writer as types.MapType).valuesType, `${at}{}`, seen);
  const branches = (writer as types.UnwrappedUnionType).types;
  if (writer.typeName.startsWith('union:') && branches)
    return branches
      .filter((branch) => !resolves(reader, branch))
      .map((branch) => `${at}: written as ${described(branch)}, which a reader of ${described(reader)} cannot take`);
  if (reader.typeName === 'enum' && writer.typeName === 'enum') {
    const [mine, theirs] = [symbols(reader), symbols(writer)];
    const missing = theirs.filter((symbol) => !mine.includes(symbol));
    if (missing.length > 0) return [`${at}: the reader has no symbol ${missing.join(', ')} and no default`];
  }
  return [`${at}: written as ${described(writer)}, read as ${described(reader)}`];
}

function recordProblems(reader: Type, writer: Type, path: string, seen: Set<Type>, at: string): string[] {
  const problems: string[] = [];
  const written = (writer as types.RecordType).fields;
  for (const field of (reader as types.RecordType).fields) {
    const name = path ? `${path}.${field.name}` : field.name;
    const source = written.find((other) => other.name === field.name || field.aliases.includes(other.name));
    if (!source) {
      if (field.defaultValue() === undefined) problems.push(`${name}: new without a default, so earlier records have no value for it`);
    } else if (!resolves(field.type, source.type)) problems.push(...problemsOf(field.type, source.type, name, seen));
  }
  if (problems.length === 0) problems.push(`${at}: the record was renamed from ${writer.name} without an alias`);
  return problems;
}

const isRecord = (type: Type): boolean => type.typeName === 'record' || type.typeName === 'error';
const symbols = (type: Type): readonly string[] => (type as unknown as { symbols: readonly string[] }).symbols;
const described = (type: Type): string =>
  type.typeName.startsWith('union:')
    ? `[${(type as types.UnwrappedUnionType).types.map(described).join(', ')}]`
    : type.name
      ? `${type.typeName} ${type.name}`
      : type.typeName;
