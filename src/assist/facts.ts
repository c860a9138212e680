import type { Fact, FactTopic } from '../model/index.ts';
import { estimateTokens } from '../model/index.ts';
import { type Clinical, codeOf, conceptText, dateOf, flagOf, isAiMade, list, valueText } from './clinical.ts';
import type { Mask } from './mask.ts';
import type { Retrieved } from './retrieve.ts';

/** A fact with where it is from: the model sees the number only. */
export interface CitedFact extends Fact {
  /** `Observation/123`. */
  readonly reference: string;
  readonly source: 'ehr' | 'aorta';
}

interface Draft {
  readonly topic: FactTopic;
  readonly text: string;
  readonly at: number;
  readonly reference: string;
  readonly source: 'ehr' | 'aorta';
  /** Of the same kind only the newest is told. */
  readonly kind?: string;
}

const day = 86_400_000;
const most: Readonly<Record<FactTopic, number>> = {
  ...{ patient: 1, encounter: 5, problem: 40, allergy: 30, medication: 50 },
  ...{ 'abnormal-result': 30, result: 30, 'vital-sign': 15, event: 10 },
};
const order = Object.keys(most) as FactTopic[];
const longest = 300;
/** Characters of a text that are looked at: a mark is shorter than what it stands for, a document is longer than a fact. */
const mostRead = 4_000;
/** Estimated tokens of all facts: below what `limited` lets through. */
const mostTokens = 8_000;

/** What a model is told: chosen fields only, masked, numbered, newest first within a topic. */
export function factsOf(
  retrieved: Retrieved,
  mask: Mask,
  now: number,
): { readonly facts: readonly CitedFact[]; readonly gaps: readonly string[] } {
  const drafts = retrieved.resources.flatMap(({ resource, source }) => (isAiMade(resource) ? [] : factOf(resource, source, now)));
  drafts.push(
    ...retrieved.events.map(({ type, at, ward }) => ({
      ...event(type, at, ward, now),
      reference: `Patient/${retrieved.patientId}`,
      source: 'aorta' as const,
    })),
  );
  const kept: Draft[] = [];
  const seen = new Set<string>();
  for (const topic of order) {
    const own = drafts.filter((each) => each.topic === topic).sort((one, other) => other.at - one.at);
    let count = 0;
    for (const draft of own) {
      const keys = [`${topic} ${draft.text}`, ...(draft.kind === undefined ? [] : [`${topic} kind ${draft.kind}`])];
      if (count >= most[topic] || keys.some((key) => seen.has(key))) continue;
      for (const key of keys) seen.add(key);
      kept.push(draft);
      count++;
    }
  }
  let tokens = 0;
  const facts: CitedFact[] = [];
  for (const { topic, text, reference, source } of kept) {
    // Cut after it is masked: half a name is no known one.
    const hidden = mask
      .hide(text.replace(/\s+/g, ' ').slice(0, mostRead))
      .slice(0, longest)
      .replace(/\[[A-Z]*(?:-\d*)?$/, '');
    tokens += estimateTokens(hidden) + 4;
    if (tokens > mostTokens) break;
    facts.push({ n: facts.length + 1, topic, text: hidden, reference, source });
  }
  return { facts, gaps: [...retrieved.gaps, ...(facts.length < kept.length ? ['what is beyond the limit of length'] : [])] };
}

function factOf(resource: Clinical, source: Draft['source'], now: number): readonly Draft[] {
  const date = dateOf(resource);
  const at = date === undefined ? 0 : Date.parse(date) || 0;
  const made = (topic: FactTopic, parts: readonly (string | undefined)[], kind?: string): readonly Draft[] => {
    const text = parts.filter(Boolean).join(', ');
    return text === ''
      ? []
      : [{ topic, text, at, reference: `${resource.resourceType}/${resource.id ?? ''}`, source, ...(kind === undefined ? {} : { kind }) }];
  };
  const status = typeof resource['status'] === 'string' ? resource['status'] : undefined;
  if (status === 'entered-in-error' || status === 'cancelled') return [];
  if (['entered-in-error', 'refuted'].includes(codeOf(resource['verificationStatus']) ?? '')) return [];
  const when = whenText(date, now);
  switch (resource.resourceType) {
    case 'Patient':
      return made(
        'patient',
        [ageText(resource['birthDate'], now), typeof resource['gender'] === 'string' ? resource['gender'] : undefined],
        'one',
      );
    case 'Encounter': {
      const kind =
        list(resource['type']).map(conceptText).find(Boolean) ??
        list(resource['class'])
          .map(({ display, code }) => String(display ?? code ?? ''))
          .find(Boolean);
      const reason = list(resource['reasonCode']).map(conceptText).filter(Boolean).join(', ');
      return made('encounter', [kind ?? 'Encounter', status, reason && `for ${reason}`, when]);
    }
    case 'Condition':
      return active(resource) ? made('problem', [conceptText(resource['code']), when && `since ${when}`]) : [];
    case 'MedicationRequest': {
      const dosage = list(resource['dosageInstruction'])
        .map(({ text }) => (typeof text === 'string' ? text : undefined))
        .find(Boolean);
      return made('medication', [
        conceptText(resource['medicationCodeableConcept']) ?? list(resource['medicationReference'])[0]?.['display']?.toString(),
        dosage,
        when && `ordered ${when}`,
      ]);
    }
    case 'AllergyIntolerance': {
      const reactions = list(resource['reaction'])
        .flatMap(({ manifestation }) => list(manifestation).map(conceptText))
        .filter(Boolean);
      const criticality = resource['criticality'] === 'high' ? 'high criticality' : undefined;
      return made('allergy', [
        conceptText(resource['code']),
        reactions.length > 0 ? `reaction: ${reactions.join(', ')}` : undefined,
        criticality,
      ]);
    }
    case 'Observation': {
      const [name, value, flag] = [conceptText(resource['code']), valueText(resource), flagOf(resource)];
      if (name === undefined || value === undefined) return [];
      const vital = list(resource['category']).some((each) => codeOf(each) === 'vital-signs');
      return made(
        vital ? 'vital-sign' : flag ? 'abnormal-result' : 'result',
        [`${name} ${value}`, flag, when],
        codeOf(resource['code']) ?? name,
      );
    }
    default:
      return [];
  }
}

const active = (condition: Clinical): boolean =>
  ['active', 'recurrence', 'relapse', undefined].includes(codeOf(condition['clinicalStatus']));

/** `2026-11-16 (12 days ago)`: the date is masked, how long ago it is stays. */
function whenText(date: string | undefined, now: number): string | undefined {
  const at = Date.parse(date ?? '');
  if (date === undefined || Number.isNaN(at)) return undefined;
  const days = Math.max(0, Math.floor((now - at) / day));
  const ago =
    days === 0
      ? 'today'
      : days === 1
        ? '1 day ago'
        : days < 60
          ? `${days} days ago`
          : days < 730
            ? `${Math.round(days / 30)} months ago`
            : `${Math.round(days / 365)} years ago`;
  return date.length >= 10 ? `${date.slice(0, 10)} (${ago})` : ago;
}

/** Above 89 an age alone may name somebody. */
function ageText(birthDate: unknown, now: number): string | undefined {
  const at = Date.parse(typeof birthDate === 'string' ? birthDate : '');
  if (Number.isNaN(at)) return undefined;
  const years = Math.floor((now - at) / (365.25 * day));
  return years >= 90 ? '90 years or older' : years < 2 ? `${Math.floor((now - at) / (30.44 * day))} months old` : `${years} years old`;
}

const event = (type: string, at: number, ward: string | null, now: number): Pick<Draft, 'topic' | 'text' | 'at'> => ({
  topic: 'event',
  at,
  text: [type, ward === null ? undefined : `ward ${ward}`, whenText(new Date(at).toISOString(), now)].filter(Boolean).join(', '),
});
