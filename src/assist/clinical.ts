/** Parts of R4 resources that facts are made of: what comes from an EHR has no more type than this. */
export interface Clinical {
  readonly resourceType: string;
  readonly id?: string;
  readonly meta?: { readonly security?: readonly { readonly code?: string }[] };
  readonly [name: string]: unknown;
}

type Json = Readonly<Record<string, unknown>>;

export const list = (value: unknown): readonly Json[] =>
  (Array.isArray(value) ? value : value === undefined || value === null ? [] : [value]).filter(
    (each) => typeof each === 'object' && each !== null,
  );

const text = (value: unknown): string | undefined => (typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined);

/** What a CodeableConcept is called. */
export function conceptText(value: unknown): string | undefined {
  const [concept] = list(value);
  const codings = list(concept?.['coding']);
  return (
    text(concept?.['text']) ??
    codings.map(({ display }) => text(display)).find(Boolean) ??
    codings.map(({ code }) => text(code)).find(Boolean)
  );
}

export const codeOf = (value: unknown): string | undefined =>
  list(list(value)[0]?.['coding'])
    .map(({ code }) => text(code))
    .find(Boolean);

const quantity = (value: unknown): string | undefined => {
  const [{ value: number, unit, code, comparator } = {} as Json] = list(value);
  if (typeof number !== 'number' && typeof number !== 'string') return undefined;
  const rounded = typeof number === 'number' ? Number(number.toPrecision(6)) : number;
  return [`${text(comparator) ?? ''}${rounded}`, text(unit) ?? text(code)].filter(Boolean).join(' ');
};

/** The value of an Observation or of one of its components. */
export function valueText(observation: Json): string | undefined {
  const own =
    quantity(observation['valueQuantity']) ??
    conceptText(observation['valueCodeableConcept']) ??
    text(observation['valueString']) ??
    (typeof observation['valueInteger'] === 'number' ? String(observation['valueInteger']) : undefined) ??
    (typeof observation['valueBoolean'] === 'boolean' ? String(observation['valueBoolean']) : undefined);
  if (own !== undefined) return own;
  const parts = list(observation['component']).flatMap((component) => {
    const value = valueText(component);
    return value === undefined ? [] : [`${conceptText(component['code']) ?? 'part'} ${value}`];
  });
  return parts.length === 0 ? undefined : parts.join(', ');
}

/** `high`, `low` or `abnormal`: as the laboratory says (table 0078), else by the reference range. */
export function flagOf(observation: Json): string | undefined {
  for (const each of list(observation['interpretation'])) {
    const code = codeOf(each) ?? '';
    if (/^(H|HH|HU|>)$/.test(code)) return 'high';
    if (/^(L|LL|LU|<)$/.test(code)) return 'low';
    if (/^(A|AA|POS|DET)$/.test(code)) return 'abnormal';
    if (code === 'N') return undefined;
  }
  const [{ value } = {} as Json] = list(observation['valueQuantity']);
  const [range] = list(observation['referenceRange']);
  const bound = (name: string) => list(range?.[name])[0]?.['value'];
  if (typeof value !== 'number') return undefined;
  const [low, high] = [bound('low'), bound('high')];
  if (typeof high === 'number' && value > high) return 'high';
  return typeof low === 'number' && value < low ? 'low' : undefined;
}

export const dateOf = ({
  effectiveDateTime,
  effectivePeriod,
  authoredOn,
  onsetDateTime,
  recordedDate,
  period,
  issued,
}: Json): string | undefined =>
  [effectiveDateTime, list(effectivePeriod)[0]?.['start'], authoredOn, onsetDateTime, recordedDate, list(period)[0]?.['start'], issued]
    .map(text)
    .find(Boolean);

/** Labels of what an AI said (AI transparency IG, ProvenanceVS). CLINAST and CLINAST_AIRPT say that a clinician stands for it. */
const aiLabels: readonly unknown[] = ['AIAST', 'AIRPT', 'AIAST_CLINRPT'];

/** A text that an AI wrote is no fact (AI transparency, use case 2: no loops). */
export const isAiMade = ({ meta }: Clinical): boolean => list(meta?.security).some(({ code }) => aiLabels.includes(code));
