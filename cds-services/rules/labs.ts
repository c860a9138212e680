import type { Observation } from 'aorta/fhir';
import { named, plain } from './text.ts';

export interface Abnormal {
  readonly name: string;
  /** `7.1 mmol/L` */
  readonly value: string;
  readonly flag: 'low' | 'high' | 'abnormal';
  readonly critical: boolean;
  /** Milliseconds since 1970; 0 where unknown. */
  readonly at: number;
  /** What it was judged by. */
  readonly by: 'interpretation' | 'reference range' | 'standard range';
  readonly reference: string;
}

interface Limits {
  readonly unit: string;
  readonly low?: number;
  readonly high?: number;
  readonly panicLow?: number;
  readonly panicHigh?: number;
}

const potassium: Limits = { unit: 'mmol/L', low: 3.5, high: 5.1, panicLow: 2.8, panicHigh: 6.2 };
const sodium: Limits = { unit: 'mmol/L', low: 135, high: 145, panicLow: 120, panicHigh: 160 };
const calcium: Limits = { unit: 'mg/dL', low: 8.5, high: 10.5, panicLow: 6.5, panicHigh: 13 };
const creatinine: Limits = { unit: 'mg/dL', high: 1.3, panicHigh: 7.4 };
const glucose: Limits = { unit: 'mg/dL', low: 70, high: 180, panicLow: 45, panicHigh: 450 };

/**
 * Ranges of adults by LOINC code, for results whose laboratory sent neither a flag nor a range. Only where the unit is
 * the same. Wide on purpose: a card for every value beside the mean is a card that nobody reads. A hospital replaces
 * them with its own by sending them with the results.
 */
const standard: Readonly<Record<string, Limits>> = {
  '2823-3': potassium,
  '6298-4': potassium,
  '2951-2': sodium,
  '2947-0': sodium,
  '17861-6': calcium,
  '49765-1': calcium,
  '2160-0': creatinine,
  '38483-4': creatinine,
  '2345-7': glucose,
  '2339-0': glucose,
  '718-7': { unit: 'g/dL', low: 12, high: 17.5, panicLow: 7, panicHigh: 20 },
  '6690-2': { unit: '10*3/uL', low: 4, high: 11, panicLow: 2, panicHigh: 30 },
  '777-3': { unit: '10*3/uL', low: 150, high: 450, panicLow: 40, panicHigh: 1000 },
  '4548-4': { unit: '%', high: 9 },
  '6301-6': { unit: '{INR}', high: 3.5, panicHigh: 5 },
  '1742-6': { unit: 'U/L', high: 120 },
  '1920-8': { unit: 'U/L', high: 120 },
};

const usable = new Set(['final', 'amended', 'corrected', 'preliminary']);

/** Abnormal results, newest of each test, critical ones first. */
export function abnormalLabs(labs: readonly Observation[]): readonly Abnormal[] {
  const newest = new Map<string, Observation>();
  for (const lab of labs) {
    if (!usable.has(lab.status)) continue;
    const key = lab.code?.coding?.[0]?.code ?? named(lab.code);
    const before = newest.get(key);
    if (!before || timeOf(lab) > timeOf(before)) newest.set(key, lab);
  }
  return [...newest.values()]
    .map(judge)
    .filter((each) => each !== undefined)
    .sort((a, b) => Number(b.critical) - Number(a.critical) || b.at - a.at);
}

const timeOf = ({ effectiveDateTime, effectivePeriod }: Observation): number =>
  Date.parse(effectiveDateTime ?? effectivePeriod?.start ?? '') || 0;

function judge(lab: Observation): Abnormal | undefined {
  const verdict = byInterpretation(lab) ?? byRange(lab) ?? byStandard(lab);
  if (verdict === undefined || verdict === 'normal') return undefined;
  const { value, unit, comparator = '' } = lab.valueQuantity ?? {};
  const coded = lab.valueCodeableConcept ? named(lab.valueCodeableConcept) : plain(lab.valueString ?? 'no value');
  const shown = value === undefined ? coded : plain(`${comparator}${Math.round(Number(value) * 100) / 100} ${unit ?? ''}`.trim());
  return { name: named(lab.code), value: shown, at: timeOf(lab), reference: `Observation/${lab.id ?? ''}`, ...verdict };
}

type Verdict = Pick<Abnormal, 'flag' | 'critical' | 'by'> | 'normal' | undefined;

/** v3 ObservationInterpretation. */
function byInterpretation({ interpretation }: Observation): Verdict {
  const code = interpretation?.flatMap(({ coding }) => coding ?? []).find((each) => each.code)?.code;
  if (code === undefined) return undefined;
  const critical = ['LL', 'HH', 'AA', '<', '>'].includes(code);
  const by = 'interpretation' as const;
  if (['L', 'LL', 'LU', '<'].includes(code)) return { flag: 'low', critical, by };
  if (['H', 'HH', 'HU', '>'].includes(code)) return { flag: 'high', critical, by };
  if (['A', 'AA'].includes(code)) return { flag: 'abnormal', critical, by };
  return 'normal';
}

function byRange({ referenceRange, valueQuantity }: Observation): Verdict {
  const [range] = referenceRange ?? [];
  const value = valueQuantity?.value === undefined ? undefined : Number(valueQuantity.value);
  const limit = (bound: { value?: number; code?: string } | undefined) =>
    bound?.value === undefined || (bound.code ?? valueQuantity?.code) !== valueQuantity?.code ? undefined : Number(bound.value);
  const [low, high] = [limit(range?.low), limit(range?.high)];
  if (value === undefined || (low === undefined && high === undefined)) return undefined;
  const by = 'reference range' as const;
  if (low !== undefined && value < low) return { flag: 'low', critical: false, by };
  if (high !== undefined && value > high) return { flag: 'high', critical: false, by };
  return 'normal';
}

function byStandard({ code, valueQuantity }: Observation): Verdict {
  const limits = code?.coding?.map((each) => (each.system === 'http://loinc.org' ? standard[each.code ?? ''] : undefined)).find(Boolean);
  const value = Number(valueQuantity?.value);
  if (!limits || !Number.isFinite(value) || (valueQuantity?.code ?? valueQuantity?.unit) !== limits.unit) return undefined;
  const { low = -Infinity, high = Infinity, panicLow = -Infinity, panicHigh = Infinity } = limits;
  const by = 'standard range' as const;
  if (value < low) return { flag: 'low', critical: value < panicLow, by };
  if (value > high) return { flag: 'high', critical: value > panicHigh, by };
  return 'normal';
}
