import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { systemClock } from '../../../src/clock/system.ts';
import type { Identity } from '../../../src/identity/port.ts';
import { createPostgresIdentity } from '../../../src/identity/postgres/index.ts';
import { notAsExpected } from '../../../src/identity/postgres/statements.ts';
import { StatementError } from '../../../src/postgres/errors.ts';
import { PostgresPool } from '../../../src/postgres/pool.ts';
import { createPostgresState } from '../../../src/state/postgres/index.ts';
import { freshSchema } from '../../support/postgres.ts';
import { admission, fresh, identifier } from '../conformance.ts';

describe('a batch that is as ordinary as the one before it', () => {
  const { drop, ...options } = freshSchema('at_once');
  let pool: PostgresPool;
  let identity: Identity;
  let trips: string[];
  before(async () => {
    pool = new PostgresPool(options);
    await createPostgresState(pool).migrate();
  });
  after(async () => {
    await pool.close();
    await drop();
  });

  const [one, two] = [identifier(), identifier()];
  const [first, second] = [fresh('patient'), fresh('patient')];
  let instance: string;
  let seq: number;
  const of = (patientId: string, known: ReturnType<typeof identifier>, parts: Parameters<typeof admission>[1] = {}) =>
    admission(++seq, { patientId, identifiers: [known], ...parts });
  const admit = (...batch: ReturnType<typeof admission>[]) => identity.admit(instance, batch, 0, 1_000);
  const admitted = { kind: 'admitted', controlIdReused: false };

  beforeEach(async () => {
    [instance, seq, trips] = [fresh('i'), 0, []];
    const counting = new Proxy(pool, {
      get(of, name) {
        if (name === 'pipeline' || name === 'readThenWrite') trips.push(name);
        const value = Reflect.get(of, name, of) as unknown;
        return typeof value === 'function' ? value.bind(of) : value;
      },
    });
    identity = createPostgresIdentity(counting);
    // The first makes the patients known, the second is ordinary.
    await admit(of(first, one), of(second, two));
    await admit(of(first, one), of(second, two));
    trips = [];
  });

  it('is admitted in one round trip', async () => {
    const batch = [of(first, one), of(second, two), of(first, one)];
    assert.deepEqual(await admit(...batch), [admitted, admitted, admitted]);
    assert.deepEqual(trips, ['pipeline']);
    const owed = (await identity.owed(instance)).map(({ eventId }) => eventId);
    for (const { eventId } of batch) assert.ok(owed.includes(eventId));
    assert.equal(await identity.lastSeq(instance), seq);
  });

  it('tells of control ids that came before with other content, in the batch too', async () => {
    const fingerprint = of(first, one).fingerprint;
    const again = () => of(first, one, { fingerprint: { ...fingerprint, digest: fresh('digest') } });
    assert.deepEqual(await admit(again(), again()), [admitted, { ...admitted, controlIdReused: true }]);
    assert.deepEqual(await admit(again()), [{ ...admitted, controlIdReused: true }]);
    assert.deepEqual(trips, ['pipeline', 'pipeline']);
  });

  it('is decided in two where a message came before: nothing is stored twice, the others are', async () => {
    const known = of(first, one);
    await admit(known);
    const [fresher, repeated] = [of(second, two), of(first, one, { fingerprint: known.fingerprint })];
    const [a, b] = await admit(fresher, repeated);
    assert.deepEqual(a, admitted);
    assert.equal(b?.kind === 'duplicate' && b.eventId, known.eventId);
    const owed = (await identity.owed(instance)).map(({ eventId }) => eventId);
    assert.deepEqual(
      owed.filter((id) => [known.eventId, fresher.eventId, repeated.eventId].includes(id)),
      [known.eventId, fresher.eventId],
    );
  });

  it('is admitted once where its reply was lost and it comes again', async () => {
    const batch = [of(first, one), of(second, two)];
    await admit(...batch);
    const before = await identity.owed(instance);
    assert.deepEqual(await admit(...batch), [admitted, admitted]);
    assert.deepEqual(await identity.owed(instance), before);
  });

  it('is moved where the patient is another one by now', async () => {
    const [stays, goes] = await admit(of(first, one), of(fresh('patient'), two));
    assert.deepEqual([stays, goes], [admitted, { kind: 'moved', patientId: second }]);
  });

  it('waits behind the merge of another instance', async () => {
    const [survivor, merged, theirs, its] = [fresh('patient'), fresh('patient'), identifier(), identifier()];
    await admit(of(survivor, theirs), of(merged, its));
    await admit(of(survivor, theirs), of(merged, its));
    const merge = { identifiers: [its], links: [{ id: fresh('merge'), from: merged }] };
    const a40 = admission(1, { patientId: survivor, identifiers: [theirs], merge });
    assert.deepEqual(await createPostgresIdentity(pool).admit(fresh('other'), [a40], 0, 1_000), [admitted]);
    const [outcome] = await admit(of(survivor, theirs));
    assert.deepEqual(outcome, { kind: 'behind', eventId: a40.eventId, owedSince: 1_000 });
  });

  it('makes what nobody knew known', async () => {
    const [newcomer, known] = [fresh('patient'), identifier()];
    assert.deepEqual(await admit(of(first, one), of(newcomer, known)), [admitted, admitted]);
    assert.deepEqual((await identity.resolve([[known]]))[0]?.patientId, newcomer);
  });

  it('is not tried where messages name a patient by numbers of two: that would fail with each of them', async () => {
    const both = () => of(first, one, { identifiers: [one, two] });
    for (let i = 0; i < 3; i++) assert.deepEqual(await admit(both()), [admitted]);
    // The first could not know.
    assert.deepEqual(trips, ['pipeline', 'readThenWrite', 'readThenWrite', 'readThenWrite']);
    await admit(of(first, one));
    trips = [];
    await admit(of(first, one));
    assert.deepEqual(trips, ['pipeline']);
  });

  it('has one time for both ways: what the one took is gone for the other', async () => {
    let [time, leftMs] = [0, 0];
    const slow = new Proxy(pool, {
      get(of, name) {
        if (name === 'clock') return { ...systemClock, monotonic: () => time };
        if (name === 'pipeline')
          return () => {
            time += 3_000;
            return Promise.reject(new StatementError('refused', notAsExpected, false, 'division by zero'));
          };
        const value = Reflect.get(of, name, of) as unknown;
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => {
          if (name === 'readThenWrite') leftMs = args[2] as number;
          return value.apply(of, args);
        };
      },
    });
    identity = createPostgresIdentity(slow);
    await admit(of(first, one));
    assert.equal(leftMs, 5_000);
    await admit(of(first, one));
    assert.equal(leftMs, 2_000);
  });
});
