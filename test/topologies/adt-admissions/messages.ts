/** One patient's ADT messages, as a test wants to say them. Times are `YYYYMMDDhhmm`. */
export interface AdtText {
  readonly event: string;
  readonly at: string;
  /** MSH-10; made from event and time if left out. */
  readonly id?: string;
  /** PV1-3. */
  readonly place?: string;
  /** PV1-6. */
  readonly from?: string;
  /** PV1-19; `null`: none. @default 'V1' */
  readonly visit?: string | null;
  /** PID fields by number. */
  readonly pid?: Readonly<Record<number, string>>;
  /** PV1 fields by number. */
  readonly pv1?: Readonly<Record<number, string>> | null;
  readonly pv2?: Readonly<Record<number, string>>;
  /** MSH fields by number. */
  readonly msh?: Readonly<Record<number, string>>;
  readonly evn6?: string;
  /** Whole segments (NK1, AL1, DG1, MRG) after PV2. */
  readonly more?: readonly string[];
}

export const segment = (name: string, fields: Readonly<Record<number, string>>): string => {
  const last = Math.max(0, ...Object.keys(fields).map(Number));
  return [name, ...Array.from({ length: last }, (_, i) => fields[i + 1] ?? '')].join('|');
};

/** HL7 text with CR terminators. */
export function adt(message: AdtText): string {
  const { event, at, place, from, visit = 'V1', pid = {}, pv1 = {}, pv2, msh = {}, evn6, more = [] } = message;
  const header = {
    2: 'ADT1',
    3: 'GENHOSP',
    4: 'AORTA',
    5: 'HUB',
    6: at,
    8: `ADT^${event}^ADT_A01`,
    9: message.id ?? `${event}-${at}`,
    10: 'P',
    11: '2.5.1',
  };
  // MSH-1 is the separator itself: the list starts with MSH-2.
  const shifted = Object.fromEntries(Object.entries(msh).map(([n, value]) => [Number(n) - 1, value]));
  const visitFields = {
    1: '1',
    2: 'I',
    ...(place ? { 3: place } : {}),
    ...(from ? { 6: from } : {}),
    ...(visit === null ? {} : { 19: visit }),
    ...pv1,
  };
  return [
    segment('MSH', { 1: '^~\\&', ...header, ...shifted }),
    segment('EVN', { 1: event, 2: at, ...(evn6 ? { 6: evn6 } : {}) }),
    segment('PID', { 1: '1', 3: 'M1^^^GENHOSP^MR', 5: 'Muster^Max', 7: '19800102', 8: 'M', ...pid }),
    ...(pv1 === null ? [] : [segment('PV1', visitFields)]),
    ...(pv2 ? [segment('PV2', pv2)] : []),
    ...more,
    '',
  ].join('\r');
}
