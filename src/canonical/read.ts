import type { Resource } from '../fhir/r4.ts';
import type { Binary } from '../fhir/r4-results.ts';
import { parseExact } from '../fhir/v2/decimal.ts';
import type { State } from '../state/port.ts';
import { decodeCursor, encodeCursor, pageSize } from './cursor.ts';
import { family } from './family.ts';
import { identified, searchedIdentifier } from './identified.ts';
import { type PatientTimeline, timeline } from './timeline.ts';
import { type Ward, wards } from './wards.ts';

export interface SearchQuery {
  /** `system|value`, `namespace|value`, `|value` (no system), or a value alone. */
  readonly identifier?: string;
  /** Patient id, or `Patient/<id>`. */
  readonly patient?: string;
  /** @default 50, at most 500 */
  readonly limit?: number;
  readonly cursor?: string;
}

export interface SearchPage {
  readonly resources: readonly Resource[];
  /** Given when there is more. */
  readonly cursor?: string;
}

/** Read side of the canonical store: what the edge serves. Never writes. Of merged patients it shows the rows of all. */
export interface Canonical {
  /** The newest version, or undefined. A Binary with its data. */
  readResource(type: string, id: string): Promise<Resource | undefined>;
  /** By id order; a Binary without large data. @throws AORTA_FHIR_001 */
  search(type: string, query?: SearchQuery): Promise<SearchPage>;
  /** Ids of the resources with any of the identifiers, each as `search` takes one. At most ten; one statement. */
  identified(type: string, identifiers: readonly string[]): Promise<readonly string[]>;
  /** A patient's events by (occurredAt, sequence). Undefined: no such patient here. @throws AORTA_FHIR_001 */
  timeline(patientId: string, page?: { readonly limit?: number; readonly cursor?: string }): Promise<PatientTimeline | undefined>;
  /** Wards, rooms, beds and who is in them now. */
  wards(): Promise<readonly Ward[]>;
}

export interface CanonicalOptions {
  /** Identifier systems of namespaces, as ingress has them: `namespace|value` searches look there. */
  readonly systems?: Readonly<Record<string, string>>;
  /** Where large documents are. Without it a Binary kept there comes without `data`. */
  readonly blob?: { get(ref: string): Promise<Buffer> };
}

export function createCanonical(state: Pick<State, 'query'>, options: CanonicalOptions = {}): Canonical {
  return {
    async readResource(type, id) {
      const [row] = await state.query<{ body: unknown }>('SELECT body FROM fhir_resource WHERE type = ? AND id = ?', [type, id]);
      const resource = row && resourceOf(row.body);
      return resource?.resourceType === 'Binary' ? withData(state, resource as Binary, options) : resource;
    },
    search: (type, query = {}) => search(state, type, query, options),
    identified: (type, identifiers) =>
      identified(
        state,
        type,
        identifiers.map((each) => searchedIdentifier(each, options.systems)),
      ),
    timeline: (patientId, page = {}) => timeline(state, patientId, page),
    wards: () => wards(state),
  };
}

/** A large document's bytes come from the blob store; AORTA_BLOB_… when they are gone or not what they were. */
async function withData(state: Pick<State, 'query'>, binary: Binary, { blob }: CanonicalOptions): Promise<Binary> {
  if (binary.data !== undefined || !blob) return binary;
  const [row] = await state.query<{ ref: string }>('SELECT ref FROM fhir_binary WHERE id = ?', [binary.id ?? '']);
  return row ? { ...binary, data: (await blob.get(row.ref)).toString('base64') } : binary;
}

async function search(state: Pick<State, 'query'>, type: string, query: SearchQuery, options: CanonicalOptions): Promise<SearchPage> {
  const limit = pageSize(query.limit);
  const where = ['r.type = ?'];
  const params: (string | number)[] = [type];
  if (query.identifier !== undefined) {
    const { systems, value } = searchedIdentifier(query.identifier, options.systems);
    const anySystem = systems === undefined ? '' : ` AND i.system IN (${systems.map(() => '?').join(', ')})`;
    where.push(`EXISTS (SELECT 1 FROM fhir_identifier i WHERE i.type = r.type AND i.id = r.id AND i.value = ?${anySystem})`);
    params.push(value, ...(systems ?? []));
  }
  if (query.patient !== undefined) {
    const ids = await family(state, query.patient.replace(/^Patient\//, ''));
    where.push(`r.patient IN (${ids.map(() => '?').join(', ')})`);
    params.push(...ids);
  }
  if (query.cursor !== undefined) {
    where.push('r.id > ?');
    params.push(...decodeCursor(query.cursor, ['string'] as const));
  }
  const rows = await state.query<{ id: string; body: unknown }>(
    `SELECT r.id AS id, r.body AS body FROM fhir_resource r WHERE ${where.join(' AND ')} ORDER BY r.id LIMIT ?`,
    [...params, limit + 1],
  );
  const page = rows.slice(0, limit);
  const last = page[page.length - 1];
  return {
    resources: page.map((row) => resourceOf(row.body)),
    ...(rows.length > limit && last ? { cursor: encodeCursor([last.id]) } : {}),
  };
}

/** With the digits of its decimals: what is sent out is what was stored. */
const resourceOf = (body: unknown): Resource => (typeof body === 'string' ? parseExact(body) : body) as Resource;
