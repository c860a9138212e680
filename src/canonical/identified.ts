import type { State } from '../state/port.ts';

/** An identifier as searches take it: `system|value`, `namespace|value`, `|value` (no system), or a value alone. */
export interface SearchedIdentifier {
  /** Undefined: any. */
  readonly systems?: readonly string[];
  readonly value: string;
}

/** Token search (FHIR R4 3.1.1.4.10), with bare namespaces as the contract has them. */
export function searchedIdentifier(text: string, systems: Readonly<Record<string, string>> = {}): SearchedIdentifier {
  const bar = text.indexOf('|');
  if (bar < 0) return { value: text };
  const [system, value] = [text.slice(0, bar), text.slice(bar + 1)];
  const named = Object.hasOwn(systems, system) ? systems[system] : undefined;
  return { systems: [system, ...(system === '' || system.includes(':') ? [] : [`urn:id:${system}`]), ...(named ? [named] : [])], value };
}

/** Ids that are told: two say already that the identifiers are of more than one. */
const most = 10;

/** Ids of the resources of a type that have any of the identifiers, asked for in one statement. At most ten. */
export async function identified(
  state: Pick<State, 'query'>,
  type: string,
  identifiers: readonly SearchedIdentifier[],
): Promise<readonly string[]> {
  if (identifiers.length === 0) return [];
  const one = ({ systems }: SearchedIdentifier) =>
    `(i.type = ? AND i.value = ?${systems === undefined ? '' : ` AND i.system IN (${systems.map(() => '?').join(', ')})`})`;
  const rows = await state.query<{ id: string }>(
    `SELECT DISTINCT i.id AS id FROM fhir_identifier i WHERE (${identifiers.map(one).join(' OR ')})
       AND EXISTS (SELECT 1 FROM fhir_resource r WHERE r.type = i.type AND r.id = i.id) ORDER BY id LIMIT ${most}`,
    identifiers.flatMap(({ systems = [], value }) => [type, value, ...systems]),
  );
  return rows.map(({ id }) => id);
}
