import type { Canonical } from '../../canonical/index.ts';
import type { OwnRecord } from '../../cds/index.ts';
import type { Identifier, Resource } from '../../fhir/r4.ts';

const mostIdentifiers = 8;
/** As many as are read at the EHR. They come by id, so that a part of them is not the newest. */
const mostResources = 2_000;

/**
 * The patient's record in the canonical store, by the identifiers of the EHR's Patient. Two identifiers that lead to two
 * people say that one of them is wrong: then there is no record, rather than somebody else's.
 */
export async function ownRecord(canonical: Canonical, patient: Resource | undefined): Promise<OwnRecord | undefined> {
  const identifiers = ((patient as { identifier?: Identifier[] } | undefined)?.identifier ?? [])
    .filter(({ system, value }) => system && value)
    .slice(0, mostIdentifiers)
    .map(({ system, value }) => `${system}|${value}`);
  if (identifiers.length === 0) return undefined;
  const [patientId, another] = await canonical.identified('Patient', identifiers);
  if (patientId === undefined || another !== undefined) return undefined;
  const incomplete: string[] = [];
  return {
    patientId,
    incomplete,
    async resources(type) {
      const all: Resource[] = [];
      for (let cursor: string | undefined; ; ) {
        const page = await canonical.search(type, { patient: patientId, limit: 500, ...(cursor === undefined ? {} : { cursor }) });
        all.push(...page.resources);
        cursor = page.cursor;
        if (cursor === undefined) return all;
        if (all.length < mostResources) continue;
        const name = `${type} in Aorta`;
        if (!incomplete.includes(name)) incomplete.push(name);
        return all;
      }
    },
  };
}
