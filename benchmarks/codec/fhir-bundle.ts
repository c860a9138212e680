/**
 * FHIR searchset Bundles of 10 to 10,000 Observations: what it costs to read one as the product reads an EHR's answer (the
 * look at its bounds, then `JSON.parse`), beside `JSON.parse` alone, and to write it. No services; CPU time, interleaved.
 *
 *   node benchmarks/codec/fhir-bundle.ts [--sizes 10,100,1000,10000] [--rounds 5] [--seconds 0.5] [--json]
 */
import { parseArgs } from 'node:util';
import { jsonProblem } from '../../src/fhir/json-bounds.ts';
import { exponent } from '../report/fit.ts';
import { median, rounded } from '../report/statistics.ts';

const { values } = parseArgs({
  options: {
    sizes: { type: 'string', default: '10,100,1000,10000' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '0.5' },
    json: { type: 'boolean', default: false },
  },
});
const [rounds, seconds] = [Number(values.rounds), Number(values.seconds)];

const observation = (n: number) => ({
  resourceType: 'Observation',
  id: `obs-${n}`,
  meta: { versionId: '1', lastUpdated: '2026-05-01T10:00:00.000+02:00' },
  status: 'final',
  category: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/observation-category', code: 'vital-signs' }] }],
  code: { coding: [{ system: 'http://loinc.org', code: '8867-4', display: 'Heart rate' }], text: 'Herzfrequenz "Monitor"' },
  subject: { reference: 'Patient/p1' },
  encounter: { reference: 'Encounter/e1' },
  effectiveDateTime: `2026-05-01T${String(n % 24).padStart(2, '0')}:00:00+02:00`,
  valueQuantity: { value: 60 + (n % 40), unit: '/min', system: 'http://unitsofmeasure.org', code: '/min' },
});
const bundleOf = (entries: number) => ({
  resourceType: 'Bundle',
  type: 'searchset',
  total: entries,
  link: [{ relation: 'self', url: 'https://ehr.example/fhir/Observation?patient=p1' }],
  entry: Array.from({ length: entries }, (_, n) => ({
    fullUrl: `https://ehr.example/fhir/Observation/obs-${n}`,
    resource: observation(n),
    search: { mode: 'match' },
  })),
});

const works = {
  read(text: string): void {
    // An EHR's answer of this many entries comes in pages: each of them is looked at like this.
    jsonProblem(text);
    JSON.parse(text);
  },
  bounds: (text: string): void => void jsonProblem(text),
  parse: (text: string): void => void JSON.parse(text),
  write: (_text: string, bundle: object): void => void JSON.stringify(bundle),
};

/** Microseconds of CPU for one. */
function cost(work: () => void): number {
  let times = 0;
  const begun = process.cpuUsage();
  for (;;) {
    work();
    times++;
    const { user, system } = process.cpuUsage(begun);
    if ((user + system) / 1e6 >= seconds / rounds) return (user + system) / times;
  }
}

const sizes = values.sizes.split(',').map(Number);
const bundles = sizes.map((entries) => {
  const bundle = bundleOf(entries);
  return { entries, bundle, text: JSON.stringify(bundle) };
});
const seen = new Map<string, number[]>();
// The first round is there for the compiler.
for (let round = -1; round < rounds; round++)
  for (const { entries, bundle, text } of bundles)
    for (const [name, work] of Object.entries(works)) {
      const micros = cost(() => work(text, bundle));
      if (round >= 0) seen.set(`${name}/${entries}`, [...(seen.get(`${name}/${entries}`) ?? []), micros]);
    }

const of = (name: string, entries: number): number => rounded(median(seen.get(`${name}/${entries}`) ?? []), 2);
const figures = bundles.map(({ entries, text }) => ({
  ...{ entries, bytes: text.length, isRefused: jsonProblem(text) !== undefined },
  micros: Object.fromEntries(Object.keys(works).map((name) => [name, of(name, entries)])),
}));
const growth = Object.fromEntries(Object.keys(works).map((name) => [name, exponent(sizes.map((n) => [n, of(name, n)] as const))]));
if (!values.json) {
  for (const { entries, bytes, micros, isRefused } of figures)
    process.stdout.write(
      `${entries.toLocaleString('en').padStart(7)} entries, ${bytes.toLocaleString('en')} bytes: ${Object.entries(micros)
        .map(([name, value]) => `${name} ${value.toLocaleString('en')} µs`)
        .join(', ')}${isRefused ? ' (over the bound of elements: refused)' : ''}\n`,
    );
  process.stdout.write(`growth exponents: ${JSON.stringify(growth)}\n`);
}
process.stdout.write(`${JSON.stringify({ workload: 'fhir-bundle', figures, growth })}\n`);
