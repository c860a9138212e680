import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, afterEach, before, describe, it } from 'node:test';
import type { Clock } from '../../src/clock/clock.ts';
import { systemClock, systemRandom } from '../../src/clock/system.ts';
import { error } from '../../src/errors/index.ts';
import type { Identifier } from '../../src/identity/port.ts';
import { type Admission, type AdmissionRequest, createAdmission } from '../../src/ingress/admission.ts';
import type { Log } from '../../src/log/port.ts';
import { seededRandom } from '../../src/testing/index.ts';
import { countingTelemetry, embedded, onServices, type Parts } from './parts.ts';

const fresh = (prefix = 'x'): string => `${prefix}-${randomUUID().slice(0, 13)}`;
const id = (value = fresh('mrn')): Identifier => ({ system: 'urn:id:T', value });

for (const [name, make] of [
  ['SQLite', () => embedded()],
  ['Kafka and PostgreSQL', () => onServices()],
] as const) {
  describe(`Merges at ingress on ${name}`, () => {
    let parts: Parts;
    const running: Admission[] = [];
    before(async () => {
      parts = await make();
    });
    after(() => parts.close());
    afterEach(async () => {
      for (const each of running.splice(0)) await each.stop({ drainMs: 2_000 });
    });

    const open = async (setup: { instance?: string; log?: Partial<Log>; clock?: Clock } = {}) => {
      const telemetry = countingTelemetry();
      const admission = createAdmission({
        identity: parts.identity,
        log: within(parts.log, setup.log),
        blob: parts.blob,
        clock: setup.clock ?? systemClock,
        random: systemRandom,
        telemetry,
        instance: setup.instance ?? fresh('i'),
      });
      await admission.start();
      running.push(admission);
      return { admission, telemetry };
    };
    const request = (controlId: string, identifiers: readonly Identifier[]): AdmissionRequest => ({
      identifiers,
      fingerprint: { sender: 'A|B', controlId, digest: JSON.stringify([controlId, identifiers]) },
      size: 100,
      build: ({ patientId }) => ({ topic: parts.topic, key: patientId, value: Buffer.from(controlId), timestamp: 1_700_000_000_000 }),
    });
    const merge = (controlId: string, survivor: readonly Identifier[], merged: readonly Identifier[]): AdmissionRequest => ({
      ...request(controlId, survivor),
      merge: { identifiers: merged, topics: [parts.topic] },
    });

    /** What readers keep of the patients' records: not what a producer sent twice. */
    const told = async (...patients: readonly string[]) => {
      const seen = new Set<string>();
      return (await parts.records()).flatMap((record) => {
        const key = record.key?.toString() ?? '';
        const sent = `${record.headers['aorta-seq']}`;
        if (!patients.includes(key) || seen.has(sent)) return [];
        seen.add(sent);
        const control = record.headers['aorta-control']?.toString();
        const value = record.value?.toString() ?? '';
        return [{ key, what: control ?? value, order: control ? (JSON.parse(value) as { id: string; peer: string }) : undefined }];
      });
    };
    const whatOf = (records: Awaited<ReturnType<typeof told>>, key: string) =>
      records.filter((each) => each.key === key).map(({ what }) => what);

    it('an A40 points the identifiers to the survivor and tells both, before its own record', async () => {
      const { admission, telemetry } = await open();
      const [a, b] = [[id()], [id(), id()]];
      const [mine, theirs] = [await admission.admit(request(fresh('a'), a)), await admission.admit(request(fresh('b'), b))];
      const controlId = fresh('A40');
      const merged = await admission.admit(merge(controlId, a, b.slice(1)));
      assert.deepEqual([merged.kind, merged.patientId, merged.merge], ['admitted', mine.patientId, 'linked']);
      const afterwards = await admission.admit(request('after', b));
      assert.equal(afterwards.patientId, mine.patientId);
      const records = await told(mine.patientId, theirs.patientId);
      assert.deepEqual(whatOf(records, theirs.patientId).slice(1), ['merge.out']);
      assert.deepEqual(whatOf(records, mine.patientId).slice(1), ['merge.hold', controlId, 'after']);
      const orders = records.flatMap(({ order }) => order ?? []);
      assert.equal(new Set(orders.map((order) => order.id)).size, 1);
      assert.deepEqual(new Set(orders.map((order) => order.peer)), new Set([mine.patientId, theirs.patientId]));
      const [link] = await parts.identity.links(mine.patientId);
      assert.deepEqual([link?.id, link?.from, link?.identifiers.length], [orders[0]?.id, theirs.patientId, 2]);
      assert.equal(telemetry.count('aorta_ingress_merges_total', { outcome: 'linked' }), 1);
    });

    it('a resent A40 is a duplicate; a repeated and a reversed one merge nothing, with a warning', async () => {
      const { admission, telemetry } = await open();
      const [a, b] = [[id()], [id()]];
      const { patientId } = await admission.admit(request(fresh('a'), a));
      const other = await admission.admit(request(fresh('b'), b));
      const first = merge(fresh('A40'), a, b);
      const { eventId } = await admission.admit(first);
      const resent = await admission.admit(first);
      assert.deepEqual([resent.kind, resent.eventId], ['duplicate', eventId]);
      const repeated = await admission.admit(merge(fresh('A40'), a, b));
      const reversed = await admission.admit(merge(fresh('A40'), b, a));
      for (const each of [repeated, reversed])
        assert.deepEqual([each.kind, each.patientId, each.merge], ['admitted', patientId, 'repeated']);
      const records = await told(patientId, other.patientId);
      assert.equal(records.filter(({ order }) => order).length, 2);
      assert.equal((await parts.identity.links(patientId)).length, 1);
      assert.equal(telemetry.count('aorta_ingress_merges_total', { outcome: 'repeated' }), 2);
      assert.match(telemetry.text(), /warn ingress\.merge outcome="repeated"/);
    });

    it('unknown patients: the merged one is nobody yet, the survivor is made', async () => {
      const { admission } = await open();
      const [a, b, c] = [[id()], [id()], [id()]];
      const unknown = await admission.admit(merge(fresh('A40'), a, b));
      assert.equal(unknown.merge, 'unknown');
      assert.equal((await admission.admit(request(fresh('b'), b))).patientId, unknown.patientId, 'its number is the survivor\u2019s');
      assert.deepEqual(
        (await told(unknown.patientId)).filter(({ order }) => order),
        [],
      );
      const made = await admission.admit(merge(fresh('A40'), c, b));
      assert.equal(made.merge, 'linked');
      assert.notEqual(made.patientId, unknown.patientId);
      assert.equal((await admission.admit(request(fresh('a'), a))).patientId, made.patientId);
    });

    it('merges in one batch with messages of both sides take their place in it', async () => {
      const { admission } = await open();
      const [a, b, d] = [[id()], [id()], [id()]];
      const answers = await Promise.all([
        admission.admit(request('b1', b)),
        admission.admit(request('a1', a)),
        admission.admit(merge('first', a, b)),
        admission.admit(request('b2', b)),
        admission.admit(merge('back', b, a)),
        admission.admit(merge('second', d, b)),
        admission.admit(request('a2', a)),
        admission.admit(request('b3', b)),
      ]);
      const [wasB, wasA] = [answers[0]?.patientId as string, answers[1]?.patientId as string];
      const wasD = answers[5]?.patientId as string;
      assert.equal(new Set([wasA, wasB, wasD]).size, 3);
      assert.deepEqual(
        answers.slice(2).map(({ patientId }) => patientId),
        [wasA, wasA, wasA, wasD, wasD, wasD],
      );
      const records = await told(wasA, wasB, wasD);
      assert.deepEqual(whatOf(records, wasB), ['b1', 'merge.out']);
      assert.deepEqual(whatOf(records, wasA), ['a1', 'merge.hold', 'first', 'b2', 'back', 'merge.out']);
      assert.deepEqual(whatOf(records, wasD), ['merge.hold', 'second', 'a2', 'b3']);
    });

    it('an instance that remembers the merged patient is put right, in order', async () => {
      const [{ admission: one }, { admission: two }] = [await open(), await open()];
      const [a, b] = [[id()], [id(), id()]];
      const mine = await one.admit(request(fresh('a'), a));
      await two.admit(request('old-a', a));
      await two.admit(request('old-b', b));
      await two.admit(request('old-b2', b.slice(1)));
      await one.admit(merge(fresh('A40'), a, b.slice(0, 1)));
      const next = ['n1', 'n2', 'n3', 'n4'];
      const who = [b, a, b.slice(1), a];
      const answers = await Promise.all(next.map((controlId, n) => two.admit(request(controlId, who[n] as Identifier[]))));
      assert.deepEqual(new Set(answers.map(({ patientId }) => patientId)), new Set([mine.patientId]));
      assert.deepEqual(
        whatOf(await told(mine.patientId), mine.patientId).filter((what) => next.includes(what)),
        next,
      );
    });

    it('what was stored and not appended when it crashed is appended by the next start, in order', async () => {
      const [a, b] = [[id()], [id()]];
      const instance = fresh('crash');
      let down = false;
      const append: Log['append'] = (records) =>
        down ? Promise.reject(error('AORTA_LOG_003', { problem: 'down' })) : parts.log.append(records);
      const first = await open({ instance, log: { append } });
      const mine = await first.admission.admit(request('a', a));
      const theirs = await first.admission.admit(request('b', b));
      down = true;
      const again = merge('A40', a, b);
      await assert.rejects(first.admission.admit(again), { code: 'AORTA_INGRESS_002' });
      await first.admission.stop({ drainMs: 1 });
      running.splice(0);
      assert.equal((await parts.identity.owed(instance)).length >= 3, true);
      const { admission } = await open({ instance });
      const resent = await admission.admit(again);
      assert.deepEqual([resent.kind, resent.patientId], ['duplicate', mine.patientId]);
      await admission.admit(request('later', b));
      const records = await told(mine.patientId, theirs.patientId);
      assert.deepEqual(whatOf(records, theirs.patientId), ['b', 'merge.out']);
      assert.deepEqual(whatOf(records, mine.patientId), ['a', 'merge.hold', 'A40', 'later']);
    });

    it('an unmerge gives the identifiers back and tells both; a dry run changes nothing', async () => {
      const { admission } = await open();
      const [a, b] = [[id()], [id()]];
      const mine = (await admission.admit(request('a', a))).patientId;
      const theirs = (await admission.admit(request('b', b))).patientId;
      const unmerge = { survivor: mine, merged: theirs, topics: [parts.topic] };
      await assert.rejects(admission.unmerge(unmerge), { code: 'AORTA_INGRESS_008' });
      await admission.admit(merge('A40', a, b));
      const dry = await admission.unmerge({ ...unmerge, dryRun: true });
      assert.deepEqual([dry.eventId, dry.link.from, dry.link.identifiers], [null, theirs, b]);
      assert.equal((await admission.admit(request('still', b))).patientId, mine);
      const done = await admission.unmerge(unmerge);
      const next = await admission.admit(request('back', b));
      assert.equal(next.patientId, theirs);
      assert.ok(done.eventId);
      const records = await told(mine, theirs);
      assert.deepEqual(whatOf(records, theirs), ['b', 'merge.out', 'unmerge.hold', 'back']);
      assert.deepEqual(whatOf(records, mine), ['a', 'merge.hold', 'A40', 'still', 'unmerge.out']);
      const orders = records.filter(({ what }) => what.startsWith('unmerge')).map(({ order }) => order?.id);
      assert.equal(new Set(orders).size, 1);
      await assert.rejects(admission.unmerge({ ...unmerge, survivor: theirs, merged: mine }), { code: 'AORTA_INGRESS_008' });
      const c = [id()];
      await admission.admit(merge('again', a, b));
      await admission.admit(merge('on', c, a));
      await assert.rejects(admission.unmerge(unmerge), { code: 'AORTA_INGRESS_009' });
    });

    it('an instance does not append for a patient before another one’s merge is in the log', async () => {
      let hold: (() => void) | undefined;
      const append: Log['append'] = async (records) => {
        if (records.some(({ headers }) => headers?.['aorta-control'])) await new Promise<void>((resolve) => (hold = resolve));
        return parts.log.append(records);
      };
      const [one, two] = [(await open({ log: { append } })).admission, (await open()).admission];
      const [a, b, other] = [[id()], [id()], [id()]];
      const mine = (await one.admit(request('a', a))).patientId;
      const theirs = (await one.admit(request('b', b))).patientId;
      const merging = one.admit(merge('A40', a, b));
      while (!hold) await new Promise((resolve) => setTimeout(resolve, 5));
      const late = ['l1', 'l2', 'l3'].map((controlId, n) => two.admit(request(controlId, n === 1 ? a : b)));
      assert.equal((await two.admit(request('other', other))).kind, 'admitted', 'others go on');
      assert.deepEqual(
        (await told(mine, theirs)).map(({ what }) => what).filter((what) => what.startsWith('l')),
        [],
      );
      hold();
      await Promise.all([merging, ...late]);
      assert.deepEqual(whatOf(await told(mine), mine), ['a', 'merge.hold', 'A40', 'l1', 'l2', 'l3']);
    });

    it('an A40 among messages of both patients over two instances: each is stored once, and those after it are the survivor’s', async () => {
      for (const seed of [1, 2, 3, 4, 5, 6]) {
        const random = seededRandom(seed);
        const senders = [await open(), await open()];
        const [a, b] = [
          [id(), id()],
          [id(), id()],
        ];
        const key = `${name.length}-${seed}-`;
        const streams = [a, b, [a[1] as Identifier], [b[1] as Identifier]];
        const acked: string[] = [];
        const kept: { stream: number; patientId: string; started: boolean; n: number }[] = [];
        let mergedAt = false;
        const mine = (await senders[0]?.admission.admit(request(`${key}a`, a)))?.patientId as string;
        const theirs = (await senders[1]?.admission.admit(request(`${key}b`, b)))?.patientId as string;
        // Each stream is one sender that waits for its answer; the A40 comes from one of them, somewhere.
        await Promise.all(
          streams.map(async (identifiers, stream) => {
            const merging = stream === seed % 2 ? random.int(30) + 5 : -1;
            for (let n = 0; n < 40; n++) {
              const { admission } = senders[random.int(2)] as (typeof senders)[number];
              if (n === merging) {
                await admission.admit(merge(`${key}A40`, a, [b[random.int(2)] as Identifier]));
                mergedAt = true;
              }
              const controlId = `${key}${stream}.${n}`;
              const started = mergedAt;
              const { patientId } = await admission.admit(request(controlId, identifiers));
              acked.push(controlId);
              kept.push({ stream, patientId, started, n });
            }
          }),
        );
        for (const { started, patientId } of kept) if (started) assert.equal(patientId, mine, `seed ${seed}`);
        const records = await told(mine, theirs);
        const events = records.filter(({ what }) => what.startsWith(key) && what.includes('.'));
        assert.deepEqual(events.map(({ what }) => what).sort(), [...acked].sort(), `seed ${seed}: each once`);
        const held = whatOf(records, mine).indexOf('merge.hold');
        assert.deepEqual(
          whatOf(records, mine).filter(
            (what, n) => n < held && /\.(?=\d+$)/.test(what) && Number(what.slice(key.length).split('.')[0]) % 2 === 1,
          ),
          [],
          `seed ${seed}: nothing of the merged patient before the survivor holds`,
        );
        for (const stream of streams.keys()) {
          const numbers = (patient: string) =>
            whatOf(events, patient)
              .filter((what) => what.startsWith(`${key}${stream}.`))
              .map((what) => Number(what.slice(`${key}${stream}.`.length)));
          // First under its own patient, then under the survivor: never back.
          const inOrder = stream % 2 === 0 ? numbers(mine) : [...numbers(theirs), ...numbers(mine)];
          assert.deepEqual(
            inOrder,
            Array.from({ length: 40 }, (_, n) => n),
            `seed ${seed}, stream ${stream}`,
          );
        }
        assert.deepEqual(
          records
            .filter(({ order }) => order)
            .map(({ what }) => what)
            .sort(),
          ['merge.hold', 'merge.out'],
        );
        const own = whatOf(records, mine);
        assert.ok(own.indexOf('merge.hold') < own.indexOf(`${key}A40`));
      }
    });
  });
}

/** The log, with some calls replaced. */
function within(log: Log, changes: Partial<Log> = {}): Log {
  return new Proxy(log, {
    get(target, property) {
      const changed = Reflect.get(changes, property);
      if (changed) return changed;
      const value = Reflect.get(target, property);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
