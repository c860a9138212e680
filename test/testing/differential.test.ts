import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseHop } from '../../src/engine/hop.ts';
import { AortaError } from '../../src/errors/index.ts';
import { actor, effect, flow, map, process, table, to, topic, write } from '../../src/index.ts';
import { createKafkaLog } from '../../src/log/kafka/index.ts';
import { header, type LogRecord } from '../../src/log/port.ts';
import { createPostgresState } from '../../src/state/postgres/index.ts';
import {
  type Action,
  noDoubleEffect,
  noLoss,
  perPatientOrder,
  type RecordRef,
  type Schedule,
  type Sent,
  simulate,
} from '../../src/testing/index.ts';
import { freshDatabase, services, uniqueName } from '../support/services.ts';
import { eventually } from './eventually.ts';
import { event as anyEvent, type Event, events } from './flows.ts';
import { RealWorld } from './real-world.ts';

/** The simulator is honest if the same script gives the same history on Kafka and PostgreSQL. */
interface Row {
  patient: string;
  nth: number;
  event_id: string;
}
interface History {
  readonly effects: readonly Sent[];
  /** Event ids that a reader gets by the hop rule, by patient. */
  readonly read: ReadonlyMap<string, readonly string[]>;
}

const seconds = 1000;
const records = (patient: string, from: number, count: number): RecordRef[] =>
  Array.from({ length: count }, (_, i) => ({ key: patient, n: from + i }));
const both = (from: number, count: number): RecordRef[] =>
  records('patient-0', from, count).flatMap((r) => [r, { ...r, key: 'patient-1' }, { ...r, key: 'patient-2' }]);
const schedule = (workers: number, actions: readonly Action[]): Schedule => ({
  seed: 1,
  workers,
  logMs: 1,
  stateMs: 1,
  batch: 20,
  actions,
});

const scripts: Record<string, Schedule> = {
  'replies that are lost, calls that are refused, appends and batches that come twice': schedule(1, [
    { at: 0, do: 'fail', call: 'transact', how: 'lost-reply' },
    { at: 0, do: 'fail', call: 'append', how: 'lost-reply' },
    { at: 0, do: 'fail', call: 'commit', how: 'lost-reply' },
    { at: 0, do: 'fail', call: 'states', how: 'lost-reply' },
    { at: 0, do: 'send', records: both(0, 5), twice: true },
    { at: 400, do: 'send', records: both(5, 5) },
    { at: 400, do: 'fail', call: 'transact', how: 'refused' },
    { at: 400, do: 'fail', call: 'append', how: 'twice' },
    { at: 800, do: 'send', records: both(10, 5), twice: true },
    { at: 800, do: 'fail', call: 'transact', how: 'lost-reply' },
    { at: 800, do: 'fail', call: 'append', how: 'refused' },
    { at: 1200, do: 'send', records: both(15, 3) },
  ]),
  'workers that die before and after their calls': schedule(2, [
    { at: 0, do: 'send', records: both(0, 5) },
    { at: 1 * seconds, do: 'kill-at', call: 'transact', side: 'after' },
    { at: 1 * seconds, do: 'send', records: both(5, 5), twice: true },
    { at: 3 * seconds, do: 'start' },
    { at: 4 * seconds, do: 'kill-at', call: 'append', side: 'before' },
    { at: 4 * seconds, do: 'send', records: both(10, 5) },
    { at: 6 * seconds, do: 'start' },
    { at: 7 * seconds, do: 'kill-at', call: 'append', side: 'after' },
    { at: 7 * seconds, do: 'send', records: both(15, 5) },
    { at: 9 * seconds, do: 'kill', worker: 0 },
    { at: 9 * seconds, do: 'send', records: both(20, 3) },
  ]),
  'partitions that are revoked and assigned while records come': schedule(1, [
    { at: 0, do: 'send', records: both(0, 8) },
    { at: 50, do: 'start' },
    { at: 400, do: 'send', records: both(8, 8) },
    { at: 1500, do: 'fail', call: 'transact', how: 'slow', ms: 700 },
    { at: 1500, do: 'send', records: both(16, 4) },
    { at: 1600, do: 'stop', worker: 0 },
    { at: 2000, do: 'send', records: both(20, 4), twice: true },
    { at: 4500, do: 'start' },
    { at: 5500, do: 'fail', call: 'commit', how: 'refused' },
    { at: 5500, do: 'stop', worker: 0 },
    { at: 5600, do: 'send', records: both(24, 4) },
  ]),
};

/** State, rows and emissions; every fifth event fails once after the actor and is tried again. */
function parts(suffix: string) {
  const source = topic<Event>(`differential${suffix}`, events.schema, { partitions: 4 });
  const sink = topic<Event>(`differential-out${suffix}`, events.schema, { partitions: 4 });
  const numbered = table<Row>(`differential_numbered${suffix}`, {
    columns: { patient: { type: 'text' }, nth: { type: 'integer' }, event_id: { type: 'text' } },
    key: ['patient', 'nth', 'event_id'],
  });
  const tried = new Set<string>();
  const counter = actor<{ nth: number }, Event, Event & { nth: number }>({
    version: 1,
    initial: () => ({ nth: 0 }),
    receive: (state, e) => ({ state: { nth: state.nth + 1 }, emit: [{ ...e, nth: state.nth + 1 }] }),
  });
  const made = flow(`differential${suffix.replaceAll('_', '-')}`)
    .from(source)
    .pipe(
      process('counter', counter),
      write('numbered', {
        tables: [numbered],
        effects: (e: Event & { nth: number }, ctx) => effect.insert(numbered, { patient: ctx.key, nth: e.nth, event_id: ctx.eventId }),
      }),
      map('fragile', (e, ctx) => {
        if (e.n % 5 === 4 && !tried.has(ctx.eventId)) {
          tried.add(ctx.eventId);
          throw new AortaError('AORTA_TEST', 'Transient', 'planned');
        }
        return e;
      }),
      to('out', sink),
    );
  return { source, sink, numbered, flow: made };
}
const event = (ref: RecordRef): Event => ({ ...anyEvent(ref.key, ref.n, { chance: () => false, int: () => 0 }) });

function readerOf(partitions: readonly (readonly LogRecord[])[]): Map<string, string[]> {
  const read = new Map<string, string[]>();
  for (const records of partitions) {
    const highest = new Map<string, number>();
    for (const { key, headers } of records) {
      const hop = parseHop(headers[header.seq]);
      if (!hop || hop.seq <= (highest.get(hop.producer) ?? -1)) continue;
      highest.set(hop.producer, hop.seq);
      read.set(String(key), [...(read.get(String(key)) ?? []), String(headers[header.eventId])]);
    }
  }
  return read;
}
const effectsOf = (rows: readonly Row[]): Sent[] =>
  [...rows]
    .sort((a, b) => (a.patient < b.patient ? -1 : a.patient > b.patient ? 1 : a.nth - b.nth))
    .map((r) => ({ key: r.patient, eventId: r.event_id }));
const sentBy = (script: Schedule): Sent[] =>
  script.actions.flatMap((a) => (a.do === 'send' ? a.records.map(({ key, n }) => ({ key, eventId: `${key}#${n}` })) : []));

async function inMemory(script: Schedule): Promise<History> {
  const { flow: made, numbered, sink } = parts('');
  let history: History | undefined;
  const { violations } = await simulate(made, {
    seed: script.seed,
    schedule: script,
    event: (key, n) => event({ key, n }),
    invariant: (end) => {
      history = { effects: effectsOf(end.rows(numbered)), read: readerOf(end.log.all(sink.name)) };
      return [];
    },
  });
  assert.deepEqual(violations, []);
  assert.ok(history);
  return history;
}

async function onServices(script: Schedule): Promise<{ history: History; faulted: ReadonlyMap<string, number> }> {
  const { flow: made, numbered, sink, source } = parts(uniqueName('').toLowerCase());
  const database = await freshDatabase('differential');
  const state = createPostgresState({ url: database.url });
  const openLog = () => createKafkaLog({ brokers: services().kafkaBrokers, clientId: uniqueName('differential') });
  const log = openLog();
  try {
    await state.migrate();
    await log.ensureTopics([source, sink]);
    const world = new RealWorld(made, script, openLog, state);
    try {
      await world.run(event);
      const rows = () => state.query<Row>(`SELECT patient, nth, event_id FROM ${numbered.name}`, []);
      const read = async () =>
        readerOf(await Promise.all(Array.from({ length: 4 }, (_, partition) => log.read({ topic: sink.name, partition }, 0, 10_000))));
      const count = sentBy(script).length;
      await eventually(async () => (await rows()).length >= count, `${count} effects`);
      await eventually(async () => [...(await read()).values()].flat().length >= count, `${count} emissions`);
      return { history: { effects: effectsOf(await rows()), read: await read() }, faulted: world.faulted };
    } finally {
      await world.close();
    }
  } finally {
    await log.close();
    await state.close();
    await database.drop();
  }
}

describe('the simulator is honest', { timeout: 400_000 }, () => {
  for (const [name, script] of Object.entries(scripts)) {
    it(`gives the history of Kafka and PostgreSQL: ${name}`, async () => {
      const memory = await inMemory(script);
      const { history: real, faulted } = await onServices(script);
      const sent = sentBy(script);
      for (const history of [memory, real])
        assert.deepEqual(
          [...noLoss(sent, history.effects), ...noDoubleEffect(history.effects), ...perPatientOrder(sent, history.effects)],
          [],
        );
      assert.deepEqual(real.effects, memory.effects);
      assert.deepEqual(Object.fromEntries([...real.read].sort()), Object.fromEntries([...memory.read].sort()));
      // What was to go wrong did.
      const planned = script.actions.filter((a) => (a.do === 'fail' && a.how !== 'slow') || a.do === 'kill-at').length;
      const happened = [...faulted.values()].reduce((sum, n) => sum + n, 0);
      assert.ok(happened >= planned - 1, `${happened} of ${planned} faults happened: ${[...faulted.keys()].join(', ')}`);
    });
  }
});
