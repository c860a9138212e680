import { segment } from '../adt-admissions/messages.ts';

/** One OBX; fields by number beside the usual ones. */
export interface ObxText {
  readonly type?: string;
  readonly code?: string;
  readonly value?: string;
  /** OBX-11. @default 'F' */
  readonly status?: string;
  readonly fields?: Readonly<Record<number, string>>;
  /** NTE-3 of the notes after it. */
  readonly notes?: readonly string[];
}

export interface ObrText {
  readonly filler?: string;
  readonly placer?: string;
  readonly code?: string;
  /** OBR-25; '' for none. @default 'F' */
  readonly status?: string;
  /** OBR-7 */
  readonly at?: string;
  /** OBR-22 */
  readonly changed?: string;
  readonly fields?: Readonly<Record<number, string>>;
  readonly orc?: Readonly<Record<number, string>>;
  readonly spm?: readonly Readonly<Record<number, string>>[];
  readonly results: readonly ObxText[];
}

export interface OruText {
  /** MSH-7, `YYYYMMDDhhmm`. */
  readonly at: string;
  readonly id?: string;
  readonly pid?: Readonly<Record<number, string>>;
  /** `null`: no PV1. */
  readonly pv1?: Readonly<Record<number, string>> | null;
  readonly orders: readonly ObrText[];
}

let sent = 0;

/** HL7 text with CR terminators. */
export function oru({ at, id = `oru-${++sent}`, pid = {}, pv1 = { 19: 'V1^^^GENHOSP' }, orders }: OruText): string {
  const lines = [
    segment('MSH', { 1: '^~\\&', 2: 'LIS', 3: 'GENLAB', 4: 'AORTA', 5: 'HUB', 6: at, 8: 'ORU^R01^ORU_R01', 9: id, 10: 'P', 11: '2.5.1' }),
    segment('PID', { 1: '1', 3: 'M1^^^GENHOSP^MR', 5: 'Muster^Max', 7: '19800102', 8: 'M', ...pid }),
    ...(pv1 === null ? [] : [segment('PV1', { 1: '1', 2: 'I', ...pv1 })]),
    ...orders.flatMap(order),
  ];
  return `${lines.join('\r')}\r`;
}

function order(obr: ObrText, index: number): string[] {
  const {
    filler = 'F100',
    placer,
    code = 'CBC^Complete blood count^L',
    status = 'F',
    at = '202605010900',
    changed,
    fields = {},
    orc,
    spm = [],
  } = obr;
  const own = {
    1: String(index + 1),
    ...(placer ? { 2: placer } : {}),
    3: filler,
    4: code,
    7: at,
    ...(changed ? { 22: changed } : {}),
    24: 'HM',
    ...(status ? { 25: status } : {}),
    ...fields,
  };
  return [
    ...(orc ? [segment('ORC', { 1: 'RE', ...orc })] : []),
    segment('OBR', own),
    ...obr.results.flatMap(result),
    ...spm.map((each, n) => segment('SPM', { 1: String(n + 1), ...each })),
  ];
}

function result(
  { type = 'NM', code = '718-7^Hemoglobin^LN', value = '14.0', status = 'F', fields = {}, notes = [] }: ObxText,
  index: number,
): string[] {
  const own = {
    1: String(index + 1),
    2: type,
    3: code,
    5: value,
    ...(type === 'NM' ? { 6: 'g/dL^^UCUM' } : {}),
    ...(status ? { 11: status } : {}),
    ...fields,
  };
  return [segment('OBX', own), ...notes.map((text, n) => segment('NTE', { 1: String(n + 1), 3: text }))];
}
