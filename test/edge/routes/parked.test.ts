import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { openSite, type Site, until } from '../../support/hospital/site.ts';
import { type Answer, ask, post } from '../../support/http.ts';

interface Held {
  readonly key: string;
  readonly count: number;
  readonly parked: boolean;
  readonly code: string;
  readonly redrives: number;
  readonly eventId: string;
  readonly head: number;
}
interface HeldList {
  readonly count: number;
  readonly patients: readonly Held[];
  readonly guarded: number;
}

describe('redrives of parked patients', () => {
  let site: Site;
  const flow = 'ward-letters';
  const parked = async () => (await ask(site.url, '/api/ops/parked')).json<HeldList>();
  const redrive = (body: object) => post(site.url, '/api/ops/parked/redrive', { flow, ...body });
  const refused = (answer: Answer, status: number, code: string) =>
    assert.deepEqual([answer.status, answer.json<{ code: string }>().code], [status, code], answer.text);
  const message = (id: string, n: number) =>
    ({ event: 'A08', at: `20260101080${n}`, place: 'S^1^A', id, visit: 'S1', pid: { 3: 'S1^^^GENHOSP^MR' } }) as const;

  before(async () => {
    site = await openSite();
  });
  after(() => site.close());

  it('the head alone: it runs, the rest stays parked, and the request is on the record', async () => {
    site.break();
    await site.send(message('HOLD-1', 1), message('next-1', 2));
    const [held] = await until('both are held', async () => {
      const { patients } = await parked();
      return patients[0]?.count === 2 && patients;
    });
    refused(await redrive({ action: 'single' }), 400, 'AORTA_EDGE_005');
    refused(await redrive({ head: 1 }), 400, 'AORTA_EDGE_005');
    refused(await redrive({ action: 'discard', key: held?.key, head: (held?.head ?? 0) + 1 }), 409, 'AORTA_ENGINE_032');
    site.mend();
    assert.equal((await redrive({ action: 'single', key: held?.key, head: held?.head })).status, 202);
    const [left] = await until('one is left', async () => {
      const { patients } = await parked();
      return patients[0]?.count === 1 && patients;
    });
    assert.deepEqual([left?.parked, left?.code], [true, 'AORTA_ENGINE_019']);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    assert.equal((await parked()).count, 1, 'it stays');
    const [audit] = site.audited().filter(({ action, patientId }) => action === 'redrive' && patientId !== undefined);
    assert.deepEqual([audit?.patientId, audit?.details], [held?.key, { flow, single: true }]);
    const trace = (await ask(site.url, `/api/ops/trace/${left?.eventId}`)).json<{
      patient: string;
      timeline: object[];
      flows: { flow: string; held: { code: string }[] }[];
    }>();
    assert.equal(trace.patient, held?.key);
    assert.equal(trace.timeline.length, 1, 'the other flow wrote it');
    assert.deepEqual(
      trace.flows.find((each) => each.flow === flow)?.held.map(({ code }) => code),
      ['AORTA_ENGINE_019'],
    );
    assert.equal((await redrive({ key: held?.key })).status, 202);
    await until('nobody is held', async () => (await parked()).count === 0);
  });

  it('a head that failed again three times within a day needs force', async () => {
    site.break();
    await site.send(message('HOLD-2', 3));
    const [held] = await until('it is held', async () => {
      const { patients } = await parked();
      return patients[0]?.parked && patients;
    });
    const key = held?.key;
    for (let redrives = 1; redrives <= 3; redrives++) {
      assert.equal((await redrive({ key })).status, 202);
      await until('it failed again', async () => {
        const [again] = (await parked()).patients;
        return again?.parked && again.redrives === redrives;
      });
    }
    refused(await redrive({ key }), 409, 'AORTA_EDGE_009');
    refused(await redrive({ key, dryRun: true }), 409, 'AORTA_EDGE_009');
    const all = (await redrive({})).json<HeldList>();
    assert.deepEqual([all.patients.length, all.guarded], [0, 1]);
    site.mend();
    assert.equal((await redrive({ key, force: true })).status, 202);
    await until('nobody is held', async () => (await parked()).count === 0);
  });
});
