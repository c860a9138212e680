/**
 * What the bounded codec costs beside plain avsc and JSON. No services; CPU time, interleaved.
 *
 *   node benchmarks/codec/avro.ts [--rounds 7] [--seconds 1] [--json]
 */
import { parseArgs } from 'node:util';
import avro from 'avsc';
import { hl7AdtSchema } from '../../schemas/generated/hl7-adt.ts';
import { timelineEventSchema } from '../../schemas/generated/timeline-event.ts';
import { Decoder } from '../../src/schema/codec/decoder.ts';
import { planOf } from '../../src/schema/codec/plan.ts';
import { typeOf } from '../../src/schema/codec/type.ts';
import { Walk } from '../../src/schema/codec/walk.ts';
import { median } from '../report/statistics.ts';
import { eventOf } from '../work/event.ts';

const timeline = {
  eventId: '01ARZ3NDEKTSV4RRFFQ69G5FAV',
  patientId: '01ARZ3NDEKTSV4RRFFQ69G5FAW',
  type: 'Admission',
  occurredAt: 1_763_800_000_000,
  recordedAt: 1_763_800_000_500,
  system: 'ADT1|MCM',
  messageId: 'MSG00001',
  encounterId: 'E1',
  ward: 'W',
  room: 'R',
  bed: 'B',
  cancels: null,
};
const samples = [
  ['hl7.adt, 1 KB', hl7AdtSchema, eventOf(1, 1, 1_763_800_000_000)],
  ['patient.timeline', timelineEventSchema, timeline],
  ['1,000 doubles', { type: 'array', items: 'double' }, Array.from({ length: 1_000 }, (_, i) => i / 7)],
] as const;

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    /** Of each payload in each round, about. */
    seconds: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
});
/** The first two are there for the compiler. */
const rounds = Number(flags.rounds) + 2;
const nanoseconds = (work: () => void, times: number): number => {
  const before = process.cpuUsage();
  for (let i = 0; i < times; i++) work();
  const { user, system } = process.cpuUsage(before);
  return ((user + system) * 1000) / times;
};

const told: { name: string; bytes: number; nanoseconds: Readonly<Record<string, number>> }[] = [];
for (const [name, schema, value] of samples) {
  const plain = avro.Type.forSchema(schema as never);
  const type = typeOf(schema);
  const bytes = plain.toBuffer(value);
  const [plan, walk, bounded] = [planOf(type), new Walk(), new Decoder(type, type, 1)];
  const json = JSON.stringify(value);
  const candidates: Readonly<Record<string, () => void>> = {
    'avsc decode': () => void plain.fromBuffer(bytes),
    'pre-check alone': () => void walk.run(plan, bytes, 0),
    'bounded decode': () => void bounded.decode(bytes),
    'JSON.parse': () => void JSON.parse(json),
  };
  const times = Math.max(200, Math.floor((60_000_000 * Number(flags.seconds)) / (bytes.length * 20 + 2_000)));
  const seen = new Map<string, number[]>(Object.keys(candidates).map((key) => [key, []]));
  for (let round = 0; round < rounds; round++)
    for (const [key, work] of Object.entries(candidates)) seen.get(key)?.push(nanoseconds(work, times));
  const nanosecondsOf = Object.fromEntries([...seen].map(([key, values]) => [key, Math.round(median(values.slice(2)))]));
  told.push({ name, bytes: bytes.length, nanoseconds: nanosecondsOf });
  if (flags.json) continue;
  process.stdout.write(`${name} (${bytes.length} bytes)\n`);
  for (const [key, value] of Object.entries(nanosecondsOf))
    process.stdout.write(`  ${key.padEnd(16)} ${value.toLocaleString('en').padStart(8)} ns\n`);
}
process.stdout.write(`${JSON.stringify({ workload: 'avro', samples: told })}\n`);
