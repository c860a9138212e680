import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Card, cardProblems } from '../../src/cds/index.ts';
import { openCds } from '../edge/cds/open.ts';
import { patientsOf } from '../sandbox/ehr/open.ts';

test('[CDS 125, 133, 134] signing amoxicillin for somebody allergic to penicillin: a critical card that offers to remove the draft', async (t) => {
  const { url, ehr } = await openCds(t);
  const allergic = (id: string) =>
    JSON.stringify(ehr.store.search('AllergyIntolerance', new URLSearchParams({ patient: id }))).includes('Penicillin');
  const patientId = patientsOf(ehr).find(allergic) ?? '';
  const order = (id: string, text: string) => ({
    resource: { resourceType: 'MedicationRequest', id, status: 'draft', intent: 'order', medicationCodeableConcept: { text } },
  });
  const draftOrders = {
    resourceType: 'Bundle',
    type: 'collection',
    entry: [order('o1', 'Amoxicillin 500 MG Oral Capsule'), order('o2', 'Metformin 500 MG')],
  };
  const answer = await ehr.cds.call({ base: url, service: 'order-allergies', patientId, context: { draftOrders } });
  assert.equal(answer.status, 200);
  const { cards } = answer.body as { cards: Card[] };
  assert.equal(cards.length, 1);
  assert.deepEqual([cards[0]?.indicator, cards[0]?.selectionBehavior, cardProblems(cards[0])], ['critical', 'at-most-one', []]);
  const [action, ...more] = cards[0]?.suggestions?.[0]?.actions ?? [];
  assert.deepEqual([action?.type, action?.resourceId, more.length], ['delete', 'MedicationRequest/o1', 0]);
});

test('discharge needs the encounter, and says what is critical and open', async (t) => {
  const { url, ehr } = await openCds(t);
  const [open] = ehr.store.search('Encounter', new URLSearchParams({ status: 'in-progress' }));
  const patientId = (open as unknown as { subject: { reference: string } }).subject.reference.slice('Patient/'.length);
  const call = (encounterId: string) => ehr.cds.call({ base: url, service: 'discharge-review', patientId, encounterId, prefetch: 'none' });
  assert.equal((await call(open?.id ?? '')).status, 200);
  assert.equal((await call('nothing')).status, 412);
});
