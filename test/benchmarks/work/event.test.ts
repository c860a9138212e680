import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadWorkloads } from '../../../benchmarks/contract/workloads.ts';
import { callTime, decode, encode, eventBytes, eventOf, schemaIdOf, transform } from '../../../benchmarks/work/event.ts';
import { folded, summary, unseen } from '../../../benchmarks/work/fold.ts';

describe('benchmark events', () => {
  it('take 1 KB in Avro, whoever and whenever', () => {
    for (const [patient, seq] of [
      [0, 0],
      [4_999, 99_999],
    ] as const)
      assert.equal(encode(eventOf(patient, seq, 1_763_800_000_000.25), 1).length, eventBytes + 5);
  });

  it('survive encode, decode and the work of a peer', () => {
    const event = eventOf(7, 42, 1_763_800_000_000.25);
    const bytes = encode(event, 258);
    assert.equal(schemaIdOf(bytes), 258);
    assert.deepEqual({ ...decode(encode(transform(decode(bytes)), 258)) }, { ...event, sender: 'BENCH|OUT' });
  });

  it('have calls between the bounds, of the same length for everybody', () => {
    const times = Array.from({ length: 500 }, (_, n) => callTime(eventOf(n % 7, n, 1), [30, 70]));
    assert.ok(times.every((ms) => ms >= 30 && ms <= 70));
    assert.ok(new Set(times).size > 30);
    // The protocol's formula (benchmarks/peers/README.md), by hand: 30 + (3 × 7919 + 2 × 104729) mod 41.
    assert.equal(callTime(eventOf(2, 3, 1), [30, 70]), 30 + (233_215 % 41));
  });
});

describe('workloads', () => {
  const workload = async (name: string) => (await loadWorkloads()).find((one) => one.name === name) ?? assert.fail();

  it('count what comes out of adt, and know the place of each event in its topic', async () => {
    const adt = await workload('adt');
    const [messages, patients] = [103, 5];
    const seen = new Map<string, number>();
    let out = 0;
    for (let n = 0; n < messages; n++) {
      const [patient, seq] = [n % patients, Math.floor(n / patients)];
      const event = { ...eventOf(patient, seq, 1), sender: 'BENCH|OUT' };
      const places = adt.outputs.flatMap((label) => {
        const place = adt.place(label, event);
        return place === undefined ? [] : [[`${label}/${patient}`, place] as const];
      });
      assert.ok(places.length <= 1);
      for (const [key, place] of places) {
        out++;
        assert.equal(place, seen.get(key) ?? 0);
        seen.set(key, place + 1);
      }
    }
    assert.equal(out, adt.expected(messages, patients));
    assert.equal(adt.place('admissions', eventOf(1, 0, 1)), undefined, 'an event that nobody changed is wrong');
  });

  it('tell a wrong state from a right one', async () => {
    const patientState = await workload('patient-state');
    let state = unseen;
    for (let seq = 0; seq < 12; seq++) {
      const event = eventOf(3, seq, 1);
      state = folded(state, event);
      const out = { ...transform(event), profile: summary(state) };
      assert.equal(patientState.place('out', out), seq);
      assert.equal(patientState.place('out', { ...out, profile: summary(folded(state, event)) }), undefined);
    }
  });
});
