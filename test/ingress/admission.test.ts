import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, afterEach, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../../src/clock/clock.ts';
import { systemClock, systemRandom } from '../../src/clock/system.ts';
import { error } from '../../src/errors/index.ts';
import type { Identifier, Identity } from '../../src/identity/port.ts';
import { type Admission, type AdmissionLimits, type AdmissionRequest, createAdmission } from '../../src/ingress/admission.ts';
import type { Log } from '../../src/log/port.ts';
import { countingTelemetry, embedded, onServices, type Parts } from './parts.ts';

const fresh = (prefix = 'x'): string => `${prefix}-${randomUUID().slice(0, 13)}`;
const id = (value = fresh('mrn')): Identifier => ({ system: 'urn:id:T', value });

for (const [name, make] of [
  ['SQLite', () => embedded()],
  ['Kafka and PostgreSQL', () => onServices()],
] as const) {
  describe(`Admission on ${name}`, () => {
    let parts: Parts;
    const running: Admission[] = [];
    before(async () => {
      parts = await make();
    });
    after(() => parts.close());
    afterEach(async () => {
      for (const each of running.splice(0)) await each.stop({ drainMs: 50 });
    });

    interface Setup {
      readonly log?: Partial<Log>;
      readonly identity?: Partial<Identity>;
      readonly clock?: Clock;
      readonly instance?: string;
      readonly limits?: Partial<AdmissionLimits>;
    }
    const open = async (setup: Setup = {}) => {
      const telemetry = countingTelemetry();
      const admission = createAdmission({
        identity: { ...parts.identity, ...setup.identity },
        log: within(parts.log, setup.log),
        blob: parts.blob,
        clock: setup.clock ?? systemClock,
        random: systemRandom,
        telemetry,
        instance: setup.instance ?? fresh('i'),
        ...(setup.limits ? { limits: setup.limits } : {}),
      });
      await admission.start();
      running.push(admission);
      return { admission, telemetry };
    };
    const request = (controlId = fresh('msg'), identifiers: readonly Identifier[] = [id()], content = controlId): AdmissionRequest => ({
      identifiers,
      fingerprint: { sender: 'A|B', controlId, digest: content },
      size: 100,
      build: ({ patientId }) => ({ topic: parts.topic, key: patientId, value: Buffer.from(controlId), timestamp: 1_700_000_000_000 }),
    });
    /** Records by the control ids that the tests use as values. */
    const stored = async (...controlIds: string[]) => {
      const all = await parts.records();
      return all
        .map((record) => ({
          controlId: record.value?.toString() ?? '',
          key: record.key?.toString() ?? '',
          eventId: String(record.headers['eventId']),
          seq: String(record.headers['aorta-seq']),
          traceparent: String(record.headers['traceparent']),
        }))
        .filter((record) => controlIds.includes(record.controlId));
    };
    const ids = (records: readonly { controlId: string }[]) => records.map((record) => record.controlId);

    it('makes a record durable once, with its headers, under the id of its patient', async () => {
      const { admission } = await open({ instance: 'node-1' });
      const result = await admission.admit(request('first'));
      const [record, ...more] = await stored('first');
      assert.equal(more.length, 0);
      assert.equal(record?.key, result.patientId);
      assert.equal(record?.eventId, result.eventId);
      assert.match(record?.seq ?? '', /^ingress\.node-1\/0\/\d+$/);
      assert.match(record?.traceparent ?? '', /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
      assert.deepEqual({ kind: result.kind, reused: result.controlIdReused }, { kind: 'admitted', reused: false });
    });

    it('gives one patient one id, also when its first messages come at once', async () => {
      const { admission } = await open();
      const [a, b] = [id(), id()];
      const results = await Promise.all(
        [[a], [a, b], [b], [id(), b]].map((identifiers) => admission.admit(request(fresh('m'), identifiers))),
      );
      assert.equal(new Set(results.map((each) => each.patientId)).size, 1);
      const later = await admission.admit(request(fresh('m'), [b]));
      assert.equal(later.patientId, results[0]?.patientId);
      const other = await admission.admit(request(fresh('m'), [id()]));
      assert.notEqual(other.patientId, later.patientId);
    });

    it('takes what waits as one batch, and keeps the order of arrival', async () => {
      let batches = 0;
      const admit: Identity['admit'] = (...args) => {
        batches++;
        return parts.identity.admit(...args);
      };
      const { admission } = await open({ identity: { admit }, instance: 'order' });
      const patient = id();
      const controlIds = Array.from({ length: 400 }, (_, n) => `o${name.length}-${n}`);
      await Promise.all(controlIds.map((controlId) => admission.admit(request(controlId, [patient]))));
      const records = await stored(...controlIds);
      assert.deepEqual(ids(records), controlIds);
      const seqs = records.map((record) => Number(record.seq.split('/')[2]));
      assert.deepEqual(
        seqs,
        [...seqs].sort((x, y) => x - y),
      );
      assert.ok(batches < 40, `${batches} batches for 400 messages`);
    });

    it('the same message again is a duplicate, other content under its control id is not', async () => {
      const { admission } = await open();
      const controlId = fresh('dup');
      const patient = [id()];
      const first = await admission.admit(request(controlId, patient));
      const [again, inOneBatch] = await Promise.all([
        admission.admit(request(controlId, patient)),
        admission.admit(request(controlId, patient)),
      ]);
      assert.deepEqual(again, { ...first, kind: 'duplicate' });
      assert.deepEqual(inOneBatch, again);
      const changed = await admission.admit(request(controlId, patient, 'other content'));
      assert.deepEqual({ kind: changed.kind, reused: changed.controlIdReused }, { kind: 'admitted', reused: true });
      assert.equal((await stored(controlId)).length, 2);
    });

    it('two of the same in one batch are stored once', async () => {
      const { admission } = await open();
      const controlId = fresh('twin');
      const patient = [id()];
      const both = await Promise.all([admission.admit(request(controlId, patient)), admission.admit(request(controlId, patient))]);
      assert.deepEqual(
        both.map((each) => each.kind),
        ['admitted', 'duplicate'],
      );
      assert.equal(both[0]?.eventId, both[1]?.eventId);
      assert.equal((await stored(controlId)).length, 1);
    });

    it('answers nobody before the log says that it is durable', async () => {
      let reached = 0;
      const append: Log['append'] = () => {
        reached++;
        return new Promise(() => {});
      };
      const { admission } = await open({ log: { append }, limits: { answerMs: 3_000 } });
      let answered = false;
      const waiting = admission.admit(request()).finally(() => {
        answered = true;
      });
      const refused = assert.rejects(waiting, { code: 'AORTA_INGRESS_005' });
      while (reached === 0) await delay(5);
      await delay(100);
      assert.equal(answered, false);
      await refused;
    });

    it('a failed append is answered, and tried again in order before anything later', async () => {
      let failures = 3;
      const append: Log['append'] = (records) =>
        failures-- > 0 ? Promise.reject(error('AORTA_LOG_001', { problem: 'planted' })) : parts.log.append(records);
      const { admission, telemetry } = await open({ log: { append } });
      const patient = [id()];
      const [one, two] = [fresh('one'), fresh('two')];
      await assert.rejects(admission.admit(request(one, patient)), { code: 'AORTA_INGRESS_002' });
      // Its sender gets no AA and sends it again, behind another message of the same patient.
      const later = admission.admit(request(two, patient)).catch((cause) => cause.code);
      let again = await admission.admit(request(one, patient)).catch((cause) => cause.code);
      while (typeof again === 'string') again = await admission.admit(request(one, patient)).catch((cause) => cause.code);
      assert.equal(again.kind, 'duplicate');
      await later;
      await admission.admit(request(two, patient));
      const records = await stored(one, two);
      assert.deepEqual(ids(records), [one, two]);
      assert.ok(Number(records[0]?.seq.split('/')[2]) < Number(records[1]?.seq.split('/')[2]));
      assert.equal(telemetry.count('aorta_ingress_append_failures_total'), 3);
    });

    it('an append that failed after writing writes again under the same number', async () => {
      let failures = 1;
      const append: Log['append'] = async (records) => {
        const done = await parts.log.append(records);
        if (failures-- > 0) throw error('AORTA_LOG_001', { problem: 'planted: the reply was lost' });
        return done;
      };
      const { admission } = await open({ log: { append } });
      const controlId = fresh('lost-reply');
      const patient = [id()];
      await assert.rejects(admission.admit(request(controlId, patient)), { code: 'AORTA_INGRESS_002' });
      assert.equal((await admission.admit(request(controlId, patient))).kind, 'duplicate');
      const records = await stored(controlId);
      assert.equal(records.length, 2);
      assert.deepEqual(records[0], records[1], 'readers drop the second one by its aorta-seq');
    });

    for (const committed of [true, false]) {
      it(`an identity store that fails ${committed ? 'after' : 'before'} its commit loses nothing and stores nothing twice`, async () => {
        let failures = 2;
        const admit: Identity['admit'] = async (...args) => {
          if (args[1].length === 0 || failures-- <= 0) return parts.identity.admit(...args);
          if (committed) await parts.identity.admit(...args);
          throw error('AORTA_STATE_001', { problem: 'planted' });
        };
        const { admission } = await open({ identity: { admit } });
        const controlId = fresh('half');
        const [patient, after] = [[id()], fresh('after')];
        await assert.rejects(admission.admit(request(controlId, patient)), { code: 'AORTA_INGRESS_002' });
        const again = await admission.admit(request(controlId, patient));
        assert.equal(again.kind, 'duplicate');
        await admission.admit(request(after, patient));
        assert.deepEqual(ids(await stored(controlId, after)), [controlId, after]);
      });
    }

    it('what the identity store refuses for good is left out alone', async () => {
      const bad = fresh('poison');
      const admit: Identity['admit'] = (instance, batch, ...rest) =>
        batch.some((each) => each.fingerprint.controlId === bad)
          ? Promise.reject(Object.assign(error('AORTA_STATE_001', { problem: 'planted' }, { class: 'Permanent' })))
          : parts.identity.admit(instance, batch, ...rest);
      const { admission } = await open({ identity: { admit } });
      const good = Array.from({ length: 9 }, () => fresh('good'));
      const all = [...good.slice(0, 4), bad, ...good.slice(4)];
      const results = await Promise.allSettled(all.map((controlId) => admission.admit(request(controlId))));
      assert.deepEqual(
        results.map((each) => each.status === 'fulfilled'),
        all.map((controlId) => controlId !== bad),
      );
      assert.deepEqual(ids(await stored(...all)).sort(), [...good].sort());
    });

    it('an identity store that does not resolve answers, and recovers', async () => {
      let failures = 1;
      const resolve: Identity['resolve'] = (lists) =>
        failures-- > 0 ? Promise.reject(error('AORTA_STATE_001', { problem: 'planted' })) : parts.identity.resolve(lists);
      const { admission } = await open({ identity: { resolve } });
      const controlId = fresh('r');
      const patient = [id()];
      await assert.rejects(admission.admit(request(controlId, patient)), { code: 'AORTA_INGRESS_002' });
      assert.equal((await admission.admit(request(controlId, patient))).kind, 'admitted');
    });

    it('a restart appends what is owed, in order, before anything new', async () => {
      const instance = fresh('crash');
      const dead = await open({ instance, log: { append: () => new Promise(() => {}) }, limits: { batch: 2 } });
      const patient = [id()];
      const owed = [fresh('owed1'), fresh('owed2')];
      for (const controlId of owed) dead.admission.admit(request(controlId, patient)).catch(() => {});
      while ((await parts.identity.owed(instance)).length < 2) await delay(5);
      await dead.admission.stop({ drainMs: 1 });
      assert.deepEqual(await stored(...owed), []);

      const { admission } = await open({ instance });
      const next = fresh('new');
      const [result, again] = await Promise.all([admission.admit(request(next, patient)), admission.admit(request(owed[0], patient))]);
      assert.equal(result.kind, 'admitted');
      assert.equal(again.kind, 'duplicate');
      const records = await stored(...owed, next);
      assert.deepEqual(ids(records), [...owed, next]);
      assert.equal(new Set(records.map((record) => record.key)).size, 1);
      await admission.stop();
      assert.deepEqual(await parts.identity.owed(instance), [], 'stopping in order leaves nothing owed');
    });

    it('an append that a dead instance owes is left to it at first, and finished for it later, in its order', async () => {
      const instance = fresh('gone');
      const dead = await open({ instance, log: { append: () => new Promise(() => {}) } });
      const patient = [id()];
      const owed = [fresh('g1'), fresh('g2'), fresh('g3')];
      for (const controlId of owed) dead.admission.admit(request(controlId, patient)).catch(() => {});
      while ((await parts.identity.owed(instance)).length < 3) await delay(5);
      await dead.admission.stop({ drainMs: 1 });

      const early = await open();
      await assert.rejects(early.admission.admit(request(owed[1], patient)), { code: 'AORTA_INGRESS_003' });
      assert.deepEqual(await stored(...owed), []);
      const late = await open({ clock: { ...systemClock, now: () => systemClock.now() + 31_000 } });
      const [two, same] = await Promise.all([
        late.admission.admit(request(owed[1], patient)),
        late.admission.admit(request(owed[1], patient)),
      ]);
      assert.equal(two.kind, 'duplicate');
      assert.deepEqual(same, two);
      const records = await stored(...owed);
      assert.deepEqual(ids(records), owed.slice(0, 2), 'what was owed before it as well, what came after it not');
      assert.ok(records.every((record) => record.seq.startsWith(`ingress.${instance}/0/`)));
      assert.equal((await late.admission.admit(request(owed[0], patient))).kind, 'duplicate');
    });

    it('a patient that another instance made meanwhile keeps that id', async () => {
      const patient = id();
      const other = await open();
      let once = true;
      let theirs = '';
      const admit: Identity['admit'] = async (...args) => {
        if (once && args[1].length > 0) {
          once = false;
          theirs = (await other.admission.admit(request(fresh('theirs'), [patient]))).patientId;
        }
        return parts.identity.admit(...args);
      };
      const { admission } = await open({ identity: { admit } });
      const controlId = fresh('moved');
      const result = await admission.admit(request(controlId, [patient]));
      assert.equal(result.patientId, theirs);
      assert.deepEqual(
        (await stored(controlId)).map((record) => record.key),
        [theirs],
      );
      assert.equal((await admission.admit(request(fresh('m'), [patient]))).patientId, theirs);
    });

    it('a record that cannot be made fails alone', async () => {
      const { admission, telemetry } = await open();
      const broken = {
        ...request(),
        build: () => {
          throw new Error('PATIENT NAME');
        },
      };
      const good = fresh('ok');
      const [first, second] = await Promise.allSettled([admission.admit(broken), admission.admit(request(good))]);
      assert.equal(first?.status === 'rejected' && first.reason.code, 'AORTA_INGRESS_006');
      assert.equal(second?.status, 'fulfilled');
      assert.equal(telemetry.count('aorta_ingress_admitted_total'), 1);
    });

    it('too much that waits is refused at once', async () => {
      let release = () => {};
      const gate = new Promise<void>((resolve) => {
        release = resolve;
      });
      const append: Log['append'] = (records) => gate.then(() => parts.log.append(records));
      const { admission } = await open({ log: { append }, limits: { waiting: 3, batch: 1 } });
      const results = Array.from({ length: 10 }, () =>
        admission.admit(request()).then(
          () => 'stored',
          (cause) => cause.code,
        ),
      );
      await delay(20);
      release();
      const outcomes = await Promise.all(results);
      assert.ok(outcomes.includes('AORTA_INGRESS_001'));
      assert.ok(outcomes.filter((each) => each === 'stored').length >= 3);
    });

    it('what waited past its deadline is never stored', async () => {
      let release = () => {};
      const gate = new Promise<void>((resolve) => {
        release = resolve;
      });
      const append: Log['append'] = (records) => gate.then(() => parts.log.append(records));
      const { admission } = await open({ log: { append }, limits: { batch: 1, answerMs: 3_000 } });
      const controlIds = Array.from({ length: 6 }, () => fresh('late'));
      const patient = [id()];
      const outcomes = await Promise.all(
        controlIds.map((controlId) => admission.admit(request(controlId, patient)).catch((cause) => cause.code)),
      );
      assert.deepEqual(
        outcomes,
        controlIds.map(() => 'AORTA_INGRESS_005'),
      );
      release();
      const after = fresh('after');
      await admission.admit(request(after, patient));
      const records = ids(await stored(...controlIds, after));
      // One was in the log's hands, one prepared behind it: identity had taken those.
      assert.deepEqual(records, [...controlIds.slice(0, records.length - 1), after]);
      assert.ok(records.length <= 3);
    });

    it('stopping finishes what was accepted and refuses the rest', async () => {
      const { admission } = await open();
      const controlIds = Array.from({ length: 50 }, () => fresh('stop'));
      const results = controlIds.map((controlId) => admission.admit(request(controlId)));
      await admission.stop();
      assert.equal(
        (await Promise.allSettled(results)).every((each) => each.status === 'fulfilled'),
        true,
      );
      await assert.rejects(admission.admit(request()), { code: 'AORTA_INGRESS_004' });
      assert.equal((await stored(...controlIds)).length, 50);
    });

    it('forgets old messages, so that the store does not grow for ever', async () => {
      const controlId = fresh('old');
      const patient = [id()];
      const first = await open({ clock: { ...systemClock, now: () => systemClock.now() - 15 * 24 * 3_600_000 } });
      await first.admission.admit(request(controlId, patient));
      await first.admission.stop();
      let hourly = () => {};
      const clock: Clock = {
        ...systemClock,
        after: (ms, fn) => {
          if (ms < 3_600_000) return systemClock.after(ms, fn);
          hourly = fn;
          return () => {};
        },
      };
      const pruned: Promise<number>[] = [];
      const prune: Identity['prune'] = (until) => {
        pruned.push(parts.identity.prune(until));
        return pruned[0] as Promise<number>;
      };
      const { admission } = await open({ clock, identity: { prune } });
      assert.equal((await admission.admit(request(controlId, patient))).kind, 'duplicate');
      hourly();
      assert.ok(((await pruned[0]) ?? 0) >= 1);
      assert.equal((await admission.admit(request(controlId, patient))).kind, 'admitted');
    });

    it('bodies above 256 KiB go to the blob store first', async () => {
      const { admission } = await open();
      const small = Buffer.alloc(256 * 1024);
      assert.deepEqual(await admission.body(small), { raw: small, blobRef: null });
      const large = Buffer.alloc(256 * 1024 + 1, 7);
      const { raw, blobRef } = await admission.body(large);
      assert.equal(raw, null);
      assert.ok((await parts.blob.get(blobRef ?? '')).equals(large));
    });
  });
}

/** The log with some methods replaced: it may be a class, so its own are bound. */
function within(log: Log, changes: Partial<Log> = {}): Log {
  return new Proxy(log, {
    get(target, property) {
      const value = Reflect.get(property in changes ? changes : target, property);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
