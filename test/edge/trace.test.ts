import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import type { EventTrace } from '../../src/edge/trace.ts';
import { openSite, type Site, until } from '../support/hospital/site.ts';
import { ask } from '../support/http.ts';

let site: Site;
before(async () => {
  site = await openSite();
});
after(() => site.close());

it('an event is followed from admission to what each flow made of it, and no flow is given the work of another', async () => {
  await site.send({ event: 'A01', at: '202601010800', place: 'T^1^A', id: 'trace-1', visit: 'T', pid: { 3: 'T9^^^GENHOSP^MR' } });
  const tail = await until('both flows wrote', async () => {
    const letters = (await ask(site.url, '/api/ops/topics/ward.letters/tail?limit=1')).json<{ records: { value: string; key: string }[] }>()
      .records;
    const events = (await ask(site.url, '/api/ops/topics/patient.timeline/tail?limit=1')).json<{ records: object[] }>().records;
    return letters.length > 0 && events.length > 0 && letters[0];
  });
  const eventId = tail.value;
  const settled = ({ flows }: EventTrace) => flows.every(({ settlements }) => settlements.length > 0);
  const trace = await until('it settled', async () => {
    const found = (await ask(site.url, `/api/ops/trace/${eventId}`)).json<EventTrace>();
    return found.flows.length === 2 && settled(found) && found;
  });
  assert.equal(trace.patient, tail.key);
  assert.ok(Math.abs((trace.admittedAt ?? 0) - Date.now()) < 120_000);
  const flows = Object.fromEntries(trace.flows.map((each) => [each.flow, each]));
  const topics = (flow: string) => flows[flow]?.emitted.map(({ topic }) => topic);
  assert.deepEqual([topics('adt-admissions'), topics('ward-letters')], [['patient.timeline'], ['ward.letters']]);
  for (const each of trace.flows) {
    assert.deepEqual(
      each.source.map(({ topic, eventId: id }) => [topic, id]),
      [['hl7.adt', eventId]],
    );
    assert.deepEqual(
      each.settlements.map(({ settlement, offset }) => [settlement.kind, offset]),
      [['done', each.source[0]?.offset]],
    );
    assert.deepEqual([each.held, each.deadLetters], [[], []]);
  }
  assert.deepEqual(
    trace.timeline.map(({ type }) => type),
    ['Admission'],
  );
  assert.doesNotMatch(JSON.stringify(trace), /Muster|\bT9\b/);
});
