import type { OwnRecord } from 'aorta';
import type { Resource } from 'aorta/fhir';

/**
 * What the EHR sent and what Aorta has heard by itself (HL7 v2 feeds), together: a result may be here minutes before it
 * is in the chart. The EHR's copy wins where both have the same identifier.
 */
export async function withOwn<T extends Resource>(
  sent: readonly Resource[],
  own: OwnRecord | undefined,
  type: T['resourceType'],
): Promise<readonly T[]> {
  const heard = own ? await own.resources(type) : [];
  if (heard.length === 0) return sent as unknown as readonly T[];
  const known = new Set(sent.flatMap(keysOf));
  return [...sent, ...heard.filter((resource) => !keysOf(resource).some((key) => known.has(key)))] as unknown as readonly T[];
}

/** Names of what was not read completely, at the EHR and of Aorta's own record. */
export const unread = (data: Readonly<Record<string, { readonly status: string }>>, ownGaps: readonly string[]): readonly string[] => [
  ...Object.entries(data).flatMap(([key, { status }]) => (status === 'complete' ? [] : [key])),
  ...ownGaps.map((gap) => `Aorta's own ${gap}`),
];

const keysOf = (resource: Resource): readonly string[] =>
  ((resource as { identifier?: readonly { system?: string; value?: string }[] }).identifier ?? []).flatMap(({ system = '', value }) =>
    value === undefined ? [] : [`${system}|${value}`],
  );

const recentMs = 30 * 24 * 60 * 60_000;

/** Of the last 30 days; what has no date is left out, since nobody can say that it is new. */
export const recent = <T extends { effectiveDateTime?: string; effectivePeriod?: { start?: string } }>(
  labs: readonly T[],
  now: number,
): readonly T[] =>
  labs.filter(({ effectiveDateTime, effectivePeriod }) => now - Date.parse(effectiveDateTime ?? effectivePeriod?.start ?? '') <= recentMs);
