import type { Element } from './element.ts';

/** An identifier as FHIR knows it. */
export interface SystemValue {
  readonly system: string;
  readonly value: string;
}

/** Namespace (HD.1) → system, for assigning authorities known by name only. */
export type IdentifierSystems = Readonly<Record<string, string>>;

/**
 * The system of an assigning authority (HD: a component of CX, or a field of its own). ISO → `urn:oid:…`, URI as it is,
 * UUID → `urn:uuid:…`, a namespace only → the configured system, else `urn:id:<namespace>`. Undefined when it is empty.
 */
export function systemOf(authority: Element, systems: IdentifierSystems = {}): string | undefined {
  const parts = authority.level >= 2 ? authority.subcomponents() : authority.components();
  const [namespace, id, type] = [parts[0]?.text?.trim(), parts[1]?.text?.trim(), parts[2]?.text?.trim().toUpperCase()];
  if (id) {
    if (type === 'ISO' || (!type && /^[0-2](\.(0|[1-9]\d*))+$/.test(id))) return `urn:oid:${id.replace(/^urn:oid:/i, '')}`;
    if (type === 'URI') return id;
    if (type === 'UUID' || type === 'GUID') return `urn:uuid:${id.toLowerCase()}`;
  }
  const name = namespace || id;
  if (!name) return undefined;
  return Object.hasOwn(systems, name) ? systems[name] : `urn:id:${name}`;
}

/**
 * The identifiers of a CX field (PID-3), in order and without repeats. A repetition without an assigning authority
 * belongs to `defaultSystem` (the sending facility: its own numbers).
 */
export function identifiersOf(field: Element, systems: IdentifierSystems = {}, defaultSystem = 'urn:id:unknown'): SystemValue[] {
  const found = new Map<string, SystemValue>();
  for (const cx of field.repetitions()) {
    const value = cx.component(1).text?.trim();
    if (!value) continue;
    const system = systemOf(cx.component(4), systems) ?? defaultSystem;
    const key = `${system} ${value}`;
    if (!found.has(key)) found.set(key, { system, value });
  }
  return [...found.values()];
}
