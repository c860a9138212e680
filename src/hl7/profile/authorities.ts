import type { Delimiters } from '../delimiters.ts';
import type { Segment } from '../segment.ts';
import { type Draft, isBlank } from './draft.ts';
import { written } from './text.ts';

/** Where numbers stand, and how they name their authority. */
const places: Readonly<Record<string, Readonly<Record<number, 'CX' | 'XCN' | 'EI'>>>> = {
  PID: { 2: 'CX', 3: 'CX', 4: 'CX', 18: 'CX', 21: 'CX' },
  PD1: { 4: 'XCN' },
  MRG: { 1: 'CX', 2: 'CX', 3: 'CX', 4: 'CX', 5: 'CX', 6: 'CX' },
  NK1: { 33: 'CX' },
  PV1: { 5: 'CX', 7: 'XCN', 8: 'XCN', 9: 'XCN', 17: 'XCN', 19: 'CX', 50: 'CX', 52: 'XCN' },
  DG1: { 16: 'XCN' },
  EVN: { 5: 'XCN' },
  ORC: { 2: 'EI', 3: 'EI', 10: 'XCN', 11: 'XCN', 12: 'XCN' },
  OBR: { 2: 'EI', 3: 'EI', 10: 'XCN', 16: 'XCN', 28: 'XCN' },
  OBX: { 16: 'XCN', 21: 'EI' },
};

const byName = new Map(
  Object.entries(places).map(([name, fields]) => [name, Object.entries(fields).map(([n, type]) => [Number(n), type] as const)]),
);

/** Component of the authority (HD) in CX and XCN. */
const component = { CX: 4, XCN: 9 } as const;

/** A FHIR system as the universal id and its type (HD.2, HD.3), so that whoever reads the message finds it there. */
export function universalId(system: string): readonly [id: string, type: string] {
  if (/^urn:oid:/i.test(system)) return [system.slice(8), 'ISO'];
  return /^urn:uuid:/i.test(system) ? [system.slice(9), 'UUID'] : [system, 'URI'];
}

/**
 * Gives each number whose authority is only a namespace the system that the profile has for it; one without any
 * authority is the sending facility's (MSH-4, else MSH-3). Universal ids that the sender wrote stay.
 */
export function applyAuthorities(
  draft: Draft,
  authorities: ReadonlyMap<string, readonly [id: string, type: string]>,
  segments: Iterable<Segment> = draft.message.segments(),
): void {
  if (authorities.size === 0) return;
  const { message } = draft;
  const facility = [4, 3].map((n) => message.field('MSH', n)).find((field) => field.size > 0);
  // A facility with an id of its own needs no configuration.
  const own = facility?.component(2).text ? undefined : facility?.component(1).text?.trim();
  for (const segment of segments) {
    const fields = byName.get(segment.name);
    if (!fields || !message.isNamed(segment)) continue;
    for (const [n, type] of fields) inField(draft, segment, n, type, authorities, own);
  }
}

function inField(
  draft: Draft,
  segment: Segment,
  n: number,
  type: 'CX' | 'XCN' | 'EI',
  authorities: ReadonlyMap<string, readonly [string, string]>,
  own: string | undefined,
): void {
  const d = draft.message.delimiters;
  const raw = draft.field(segment, n);
  // Without component separators there is no authority, nor a place for one.
  if (raw === '' || d.component === 0 || isBlank(raw, d)) return;
  const [mark, between] = [String.fromCharCode(d.component), String.fromCharCode(d.repetition)];
  const change = (repetition: string): string => {
    const parts = repetition.split(mark);
    if (isBlank(parts[0] ?? '', d) || parts[0] === '""') return repetition;
    return (type === 'EI' ? inEntity(parts, authorities, own, d) : inNumber(parts, component[type], authorities, own, d)).join(mark);
  };
  const changed = d.repetition === 0 ? change(raw) : raw.split(between).map(change).join(between);
  if (changed !== raw) draft.setField(segment, n, changed);
}

/** CX and XCN: the authority is one component, its parts are subcomponents. */
function inNumber(
  parts: string[],
  at: number,
  authorities: ReadonlyMap<string, readonly [string, string]>,
  own: string | undefined,
  d: Delimiters,
): string[] {
  if (d.subcomponent === 0) return parts;
  const mark = String.fromCharCode(d.subcomponent);
  const [namespace = '', id = ''] = (parts[at - 1] ?? '').split(mark).map((part) => part.trim());
  const hd = id === '' ? authority(namespace, authorities, own, d) : undefined;
  if (!hd) return parts;
  while (parts.length < at) parts.push('');
  parts[at - 1] = hd.join(mark);
  return parts;
}

/** EI: the authority's parts are components 2 to 4. */
function inEntity(
  parts: string[],
  authorities: ReadonlyMap<string, readonly [string, string]>,
  own: string | undefined,
  d: Delimiters,
): string[] {
  const [, namespace = '', id = ''] = parts.map((part) => part.trim());
  const hd = id === '' ? authority(namespace, authorities, own, d) : undefined;
  return hd ? [parts[0] ?? '', ...hd, ...parts.slice(4)] : parts;
}

function authority(
  raw: string,
  authorities: ReadonlyMap<string, readonly [string, string]>,
  own: string | undefined,
  d: Delimiters,
): readonly string[] | undefined {
  // Namespaces are plain names: one that needs escaping is not in the configuration.
  const namespace = raw === '' ? own : raw;
  const found = namespace === undefined ? undefined : authorities.get(namespace);
  if (namespace === undefined || !found) return undefined;
  const parts = [namespace, ...found].map((part) => written(part, d));
  return parts.includes(undefined) ? undefined : (parts as string[]);
}
