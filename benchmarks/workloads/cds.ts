import type { Given, Measured, Study } from '../contract/study.ts';
import { program } from '../studies/program.ts';

interface Quantiles {
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}
/** What the program tells of a variant; it may tell more, which is in the report's figures. */
interface Variant {
  readonly rate: number;
  readonly requests: number;
  readonly statuses: Readonly<Record<string, number>>;
  readonly latency: Quantiles;
  readonly generatorLateness: Quantiles;
  readonly beyondSlowestRead?: Quantiles;
  readonly withoutCards: number;
  readonly ehrLateness: { readonly p999Ms: number; readonly maxMs: number };
  readonly cpuMsPerRequest: number;
}
interface Document {
  readonly profile: string;
  readonly results: Readonly<Record<string, Variant>>;
}

const ms = (value: number | undefined): string => value?.toFixed(1) ?? '-';
const percentiles = ['p50Ms', 'p95Ms', 'p99Ms'] as const;

async function measure(given: Given): Promise<Measured> {
  const { duration, rate } = given.options;
  const flags = ['--seconds', String(Math.min(20, duration)), ...(rate > 0 ? ['--rate', String(rate)] : [])];
  const { code, documents } = await program('cds.ts', [...flags, ...given.own, '--json'], given);
  if (code !== 0) throw new Error(`cds ended with exit code ${code}`);
  const [document] = documents as readonly Document[];
  if (!document) throw new Error('cds told no figures');
  const variants = Object.entries(document.results);
  return {
    settings: { profile: document.profile, seconds: Math.min(20, duration) },
    tables: [
      {
        title: 'From the intended time of sending to the answer',
        head: [
          'variant',
          'rate/s',
          'requests',
          'statuses',
          'p50 ms',
          'p95',
          'p99',
          'max',
          'beyond its reads p99',
          'generator p99 late',
          'CPU ms',
        ],
        rows: variants.map(([name, of]) => [
          ...[name, of.rate.toLocaleString('en'), of.requests.toLocaleString('en')],
          Object.entries(of.statuses)
            .map(([status, count]) => `${status}: ${count.toLocaleString('en')}`)
            .join(', '),
          ...[of.latency.p50Ms, of.latency.p95Ms, of.latency.p99Ms, of.latency.maxMs].map(ms),
          ...[of.beyondSlowestRead?.p99Ms, of.generatorLateness.p99Ms, of.cpuMsPerRequest].map(ms),
        ]),
      },
    ],
    plots: [
      {
        ...{ kind: 'lines', title: 'Latency of an answer', note: 'open loop, from the intended time of sending' },
        ...{ x: { label: 'percentile' }, y: { label: 'ms', logarithmic: true } },
        lines: variants.map(([name, { latency }]) => ({
          name,
          points: percentiles.map((at) => [Number(at.slice(1, 3)), latency[at]] as const),
        })),
      },
      {
        ...{ kind: 'bars', title: 'Processor time of a call', unit: 'CPU ms' },
        bars: variants.map(([name, { cpuMsPerRequest: value }]) => ({ name, value, spread: [value, value] as const })),
      },
    ],
    figures: document,
    notes: variants.flatMap(([name, { generatorLateness, ehrLateness }]) => {
      // Turns have no schedule; in an overload the generator is late because it waits for connections.
      if (['cost', 'overload'].includes(name)) return [];
      const { maxLatenessMs } = given.options;
      return [
        ...(generatorLateness.p99Ms > maxLatenessMs
          ? [`${name} is void: the generator was ${ms(generatorLateness.p99Ms)} ms late (p99)`]
          : []),
        // Calls that came meanwhile waited for the EHR, and no read of theirs says so.
        ...(ehrLateness.p999Ms > maxLatenessMs ? [`${name} is void: the EHR was ${ms(ehrLateness.p999Ms)} ms late (p99.9)`] : []),
      ];
    }),
  };
}

export const studies: readonly Study[] = [
  {
    name: 'cds',
    what: 'CDS Hooks: six reads, 200 requests/s, also prefetched, with a hung EHR, in overload; and CPU time of a call',
    services: true,
    peers: [],
    flags: '--profile embedded|kafka  --variants healthy,prefetch,hung,overload,cost  --read-ms 40  --alg RS384|ES384  --prof DIR',
    measure,
  },
];
