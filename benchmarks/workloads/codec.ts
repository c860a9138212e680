import type { Given, Measured, Study } from '../contract/study.ts';
import { packageVersions } from '../contract/versions.ts';
import { program } from '../studies/program.ts';

interface AvroDocument {
  readonly samples: readonly { readonly name: string; readonly bytes: number; readonly nanoseconds: Readonly<Record<string, number>> }[];
}
interface Hl7Document {
  readonly figures: Readonly<Record<string, number>>;
}
interface FhirDocument {
  readonly figures: readonly { readonly entries: number; readonly bytes: number; readonly micros: Readonly<Record<string, number>> }[];
  readonly growth: Readonly<Record<string, number | null>>;
}

const whole = (value: number): string => Math.round(value).toLocaleString('en');

async function measure(given: Given): Promise<Measured> {
  const { rounds, duration } = given.options;
  // Shorter for a shorter --duration: a share of it for each program.
  const seconds = String(Math.max(0.2, Math.min(3, duration / 10)));
  const common = ['--rounds', String(rounds), '--seconds', seconds, '--json'];
  const [avro] = (await program('codec/avro.ts', common, given)).documents as AvroDocument[];
  const [hl7] = (await program('codec/hl7-parse.ts', [...common, '--no-mllp'], given)).documents as Hl7Document[];
  const [fhir] = (await program('codec/fhir-bundle.ts', common, given)).documents as FhirDocument[];
  if (!avro || !hl7 || !fhir) throw new Error('a program of codec told no figures');
  const kinds = Object.keys(avro.samples[0]?.nanoseconds ?? {});
  const works = Object.keys(fhir.figures[0]?.micros ?? {});
  const entries = fhir.figures.map((of) => of.entries);
  return {
    settings: { rounds },
    versions: packageVersions('avsc'),
    tables: [
      {
        title: 'Avro: CPU nanoseconds of one decode',
        head: ['payload', 'bytes', ...kinds],
        rows: avro.samples.map(({ name, bytes, nanoseconds }) => [
          name,
          whole(bytes),
          ...kinds.map((kind) => whole(nanoseconds[kind] ?? 0)),
        ]),
      },
      {
        title: 'HL7 v2: messages a second on one core, and exponents of growth from 1 KB to 1 MB',
        head: ['figure', 'value'],
        rows: Object.entries(hl7.figures).map(([name, value]) => [name, value.toLocaleString('en')]),
      },
      {
        title: 'FHIR Bundle: CPU microseconds of one',
        head: ['entries', 'bytes', ...works],
        rows: [
          ...fhir.figures.map(({ entries: n, bytes, micros }) => [
            whole(n),
            whole(bytes),
            ...works.map((work) => whole(micros[work] ?? 0)),
          ]),
          ['growth exponent', '', ...works.map((work) => String(fhir.growth[work] ?? '-'))],
        ],
      },
    ],
    plots: [
      ...avro.samples.map(({ name, nanoseconds }) => ({
        ...{ kind: 'bars' as const, title: `Avro: ${name}`, unit: 'CPU ns a decode' },
        bars: Object.entries(nanoseconds).map(([kind, value]) => ({ name: kind, value, spread: [value, value] as const })),
      })),
      {
        ...{ kind: 'lines', title: 'FHIR Bundle', note: `read = bounds and parse; growth exponent ${fhir.growth['read'] ?? '-'}` },
        ...{ x: { label: 'entries', logarithmic: true }, y: { label: 'CPU µs', logarithmic: true } },
        lines: works.map((work) => ({
          name: work,
          points: fhir.figures.map(({ micros }, i) => [entries[i] ?? 0, micros[work] ?? 0] as const),
        })),
      },
    ],
    figures: { avro: avro.samples, hl7: hl7.figures, fhir: fhir.figures, fhirGrowth: fhir.growth },
  };
}

export const studies: readonly Study[] = [
  {
    name: 'codec',
    what: 'Avro bounded and unbounded beside JSON, HL7 v2 parsing, FHIR Bundles of 10 to 10,000 entries; one core, CPU time',
    services: false,
    peers: [],
    measure,
  },
];
