import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createSqliteAdvice } from '../../src/advice/sqlite/advice.ts';
import { systemClock } from '../../src/clock/system.ts';
import type { RunningFlow } from '../../src/engine/index.ts';
import { header, type Log, type LogRecord } from '../../src/log/port.ts';
import { createSqliteLog } from '../../src/log/sqlite/log.ts';
import { startKeeper } from '../../src/ops/keeper.ts';
import { RedrivePump } from '../../src/ops/redrive-pump.ts';
import { prometheusTelemetry } from '../../src/ops/telemetry.ts';
import { createSqliteQuarantine } from '../../src/quarantine/sqlite/quarantine.ts';
import { type Database, openDatabase } from '../../src/sqlite/database.ts';
import type { State } from '../../src/state/port.ts';
import { createSqliteState } from '../../src/state/sqlite/state.ts';
import { silentTelemetry } from '../../src/telemetry/port.ts';
import { heldRow, Owner } from '../state/conformance/groups.ts';

const day = 86_400_000;

describe('the keeper', () => {
  const dir = mkdtempSync(join(tmpdir(), 'aorta-keeper-'));
  let database: Database;
  let log: Log;
  let state: State;
  const flow = { name: 'f', flow: { source: { name: 'source' } }, topics: ['source'] } as unknown as RunningFlow;
  const letters = (n: number, from = 0) =>
    log.append(
      Array.from({ length: n }, (_, i) => ({
        topic: 'f.dlq',
        partition: 0,
        key: 'p1',
        value: Buffer.from(`v${from + i}`),
        headers: { [header.eventId]: `e${from + i}`, 'aorta-source': `source/1/${from + i}`, 'aorta-redrives': '2' },
      })),
    );
  const note = (letter: string) => ({
    id: `n-${letter}`,
    flow: 'f',
    eventId: `e${letter.slice(2)}`,
    action: 'redrive' as const,
    actor: 'me',
    at: 1,
    letter,
  });
  const all = async (topic: string, partition: number): Promise<readonly LogRecord[]> => log.read({ topic, partition }, 0, 1000);

  const noAdvice = { prune: async () => 0 };

  before(async () => {
    database = openDatabase({ dir, clock: systemClock });
    log = createSqliteLog({ database, clock: systemClock });
    state = createSqliteState({ database });
    await log.ensureTopics([
      { name: 'source', partitions: 3, retentionMs: 7 * day },
      { name: 'f.dlq', partitions: 12, retentionMs: 30 * day },
      { name: 'f.parked', partitions: 12, retentionMs: 30 * day },
    ]);
  });
  after(async () => {
    await log.close();
    await database.close();
    rmSync(dir, { recursive: true, force: true });
  });

  it('counts parked, quarantined and dead-lettered in one gauge, and prunes what came more than 30 days ago', async () => {
    const telemetry = prometheusTelemetry({ level: 'silent' });
    const quarantine = createSqliteQuarantine({ database });
    const put = (id: string, receivedAt: number) =>
      quarantine.put({ id, source: 'mllp', peer: 'p', code: 'C', reason: 'r', receivedAt, size: 1, body: Buffer.from('x') });
    await put('old', Date.now() - 30 * day - 60_000);
    await put('young', Date.now() - 29 * day);
    await letters(4);
    const owner = await Owner.claim(state);
    const row = (key: string, seq: number, parts: object) => ({ op: 'add' as const, row: heldRow(key, seq, parts) });
    await owner.commit({
      held: [
        row('p1', 1, { due: null, reason: 'park' }),
        row('p1', 2, { due: 0, reason: 'behind' }),
        row('p2', 3, { due: 5, reason: 'retry' }),
        row('p3', 4, { due: null, reason: 'poison' }),
        row('p4', 5, { due: null, reason: 'merge' }),
      ],
    });
    const keeper = startKeeper({ flows: [flow], state, log, quarantine, advice: noAdvice, clock: systemClock, telemetry });
    const gauge = async () => {
      await keeper.look();
      const samples = await telemetry.read('aorta_set_aside_envelopes');
      return Object.fromEntries(samples.map(({ labels, value }) => [`${labels['kind']} ${labels['flow']}`.trim(), value]));
    };
    await keeper.look();
    assert.deepEqual(await gauge(), {
      quarantined: 1,
      [`parked ${owner.lane.flow}`]: 2,
      'parked f': 0,
      'dead-letter f': 4,
      [`dead-letter ${owner.lane.flow}`]: 0,
    });
    assert.equal(await quarantine.get('old'), undefined);
    assert.ok(await quarantine.get('young'));
    assert.equal((await telemetry.read('aorta_topics_retention_drift'))[0]?.value, 0);
    await owner.commit({
      held: [
        { op: 'remove', key: 'p1', seq: 1 },
        { op: 'remove', key: 'p3', seq: 4 },
      ],
    });
    await state.operations.noteRedrives([{ ...note('0-0'), action: 'discard' }]);
    const later = await gauge();
    assert.deepEqual([later[`parked ${owner.lane.flow}`], later['dead-letter f']], [0, 3]);
    await keeper.stop();
  });

  it('forgets advice and feedback when their time is over, however much it is, and nothing younger', async () => {
    const telemetry = prometheusTelemetry({ level: 'silent' });
    const advice = createSqliteAdvice({ database });
    const now = Date.now();
    const record = (n: number, at: number) => ({
      ...{ id: `a${String(n).padStart(6, '0')}`, hookInstance: 'h', service: 's', hook: 'patient-view', client: 'c', patient: 'p' },
      ...{ at, outcome: 'empty', ms: 1, cards: [], reads: [] },
    });
    const old = Array.from({ length: 5_001 }, (_, n) => record(n, now - 90 * day - 60_000));
    await advice.record([...old, record(9_000, now - 89 * day), record(9_001, now)]);
    const parts = { flows: [flow], state, log, quarantine: createSqliteQuarantine({ database }), clock: systemClock, telemetry };
    const keeper = startKeeper({ ...parts, advice, adviceMs: 90 * day });
    await keeper.look();
    await keeper.stop();
    assert.deepEqual(
      (await advice.advice(10)).map(({ id }) => id),
      ['a009001', 'a009000'],
    );
    assert.equal((await telemetry.read('aorta_advice_pruned_total'))[0]?.value, 5_001);
  });

  it('finishes a redrive that a crash or the log interrupted: in order, with the number that it had', async () => {
    await state.operations.noteRedrives([note('0-1'), note('0-2')]);
    const refusing: Log = new Proxy(log, {
      get: (target, name) => (name === 'append' ? () => Promise.reject(new Error('away')) : Reflect.get(target, name)),
    });
    await assert.rejects(new RedrivePump(refusing, state, silentTelemetry).send({ name: 'f', source: 'source' }), /away/);
    assert.equal((await state.operations.unsentRedrives('f', 10)).length, 2);
    // Appended, and the process was gone before the notes were marked.
    const forgetting = { ...state, operations: { ...state.operations, redrivesSent: () => Promise.reject(new Error('gone')) } } as State;
    await assert.rejects(new RedrivePump(log, forgetting, silentTelemetry).send({ name: 'f', source: 'source' }), /gone/);
    const keeper = startKeeper({
      ...{ flows: [flow], state, log, clock: systemClock, telemetry: silentTelemetry },
      ...{ quarantine: createSqliteQuarantine({ database }), advice: noAdvice },
    });
    await keeper.look();
    await keeper.stop();
    const records = await all('source', 1);
    assert.deepEqual(
      records.map(({ value, headers }) => [value?.toString(), headers[header.eventId]?.toString()]),
      [
        ['v1', 'e1'],
        ['v2', 'e2'],
        ['v1', 'e1'],
        ['v2', 'e2'],
      ],
    );
    const seqs = records.map(({ headers }) => Number(headers[header.seq]?.toString().split('/').at(-1)));
    assert.deepEqual([seqs[0], seqs[1]], [seqs[2], seqs[3]], 'the flow drops the second ones by their number');
    assert.ok((seqs[1] as number) > (seqs[0] as number));
    assert.ok(records.every(({ headers }) => headers[header.redrives]?.toString() === '3' && headers[header.onlyFlow]?.toString() === 'f'));
    assert.deepEqual(await state.operations.unsentRedrives('f', 10), []);
  });
});
