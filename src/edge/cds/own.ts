import { type Canonical, paged } from '../../canonical/index.ts';
import { type OwnRecord, withinBudget } from '../../cds/index.ts';
import type { Clock } from '../../clock/clock.ts';
import type { Identifier, Resource } from '../../fhir/r4.ts';

const mostIdentifiers = 8;
const late = { late: true } as const;

export interface OwnOptions {
  readonly clock: Clock;
  /** Milliseconds from now in which the store is waited for, all its answers together. */
  readonly ms: number;
  /** Told of every failure of the store; nothing is thrown for it. */
  readonly failed: (thrown: unknown) => void;
}

export interface Own {
  readonly record: OwnRecord | undefined;
  /** What the store did not give so far: `record`, where it did not say whether there is one, or resource types. */
  readonly gaps: () => readonly string[];
}

/**
 * The patient's record in the canonical store, by the identifiers of the EHR's Patient. Two identifiers that lead to two
 * people say that one of them is wrong: then there is no record, rather than somebody else's.
 *
 * A store that fails or hangs costs what it knows, which is named, and no more than its time.
 */
export async function ownRecord(canonical: Canonical, patient: Resource | undefined, { clock, ms, failed }: OwnOptions): Promise<Own> {
  const ends = clock.monotonic() + ms;
  const gaps = new Set<string>();
  const own = (record?: OwnRecord): Own => ({ record, gaps: () => [...gaps] });
  const asked = async <T>(what: string, ask: () => Promise<T>): Promise<T | undefined> => {
    try {
      const left = ends - clock.monotonic();
      const timed = left > 0 ? await withinBudget(clock, left, ask) : late;
      if (!timed.late) return timed.value;
      failed(new DOMException('the store did not answer in time', 'TimeoutError'));
    } catch (thrown) {
      failed(thrown);
    }
    gaps.add(what);
    return undefined;
  };
  const identifiers = ((patient as { identifier?: Identifier[] } | undefined)?.identifier ?? [])
    .filter(({ system, value }) => system && value)
    .slice(0, mostIdentifiers)
    .map(({ system, value }) => `${system}|${value}`);
  if (identifiers.length === 0) return own();
  const [patientId, another] = (await asked('record', () => canonical.identified('Patient', identifiers))) ?? [];
  if (patientId === undefined || another !== undefined) return own();
  return own({
    patientId,
    async resources(type) {
      const { all, whole } = await paged(async (page) => {
        const found = await asked(type, () => canonical.search(type, { patient: patientId, ...page }));
        return found && { items: found.resources, cursor: found.cursor };
      });
      if (!whole) gaps.add(type);
      return all;
    },
  });
}
