import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { adtEvents, atOnce, parse, readAdt, validateCharset, validateHeader } from '../../../src/hl7/index.ts';
import { Hospital, type HospitalEvent } from '../../../src/sandbox/feed/hospital.ts';
import { bedKey, defaultWards } from '../../../src/sandbox/feed/wards.ts';
import { PatientRun } from '../../topologies/adt-admissions/run.ts';

const start = Date.UTC(2026, 4, 1, 10);

/** A day's work: the burst, then `steps` events a minute apart. Late ones stand where they would be sent. */
function play(hospital: Hospital, steps: number, each: (hospital: Hospital) => void = () => {}): HospitalEvent[] {
  const sent: HospitalEvent[] = [...hospital.fill(start)];
  for (let n = 0; n < steps; n++) {
    const event = hospital.step(start + n * 60_000);
    if (event) sent.push(event);
    each(hospital);
  }
  return sent;
}

const hospital = (seed = 7) => new Hospital({ seed, wards: defaultWards, run: 'TEST' });

describe('the synthetic hospital', () => {
  it('is the same for the same seed', () => {
    const bytes = (seed: number) => play(hospital(seed), 300).map((event) => event.message.toString('latin1'));
    assert.deepEqual(bytes(7), bytes(7));
    assert.notDeepEqual(bytes(7), bytes(8));
  });

  it('fills at once to 70 %, stays near it, and never puts two into a bed', () => {
    const rates: number[] = [];
    const busy = hospital();
    play(busy, 2000, ({ beds }) => {
      const taken = busy.census().map((inpatient) => bedKey(inpatient.bed));
      assert.equal(new Set(taken).size, taken.length);
      rates.push(taken.length / beds);
    });
    assert.ok(Math.abs((rates[0] ?? 0) - 0.7) < 0.03);
    assert.ok(
      rates.every((rate) => rate > 0.5 && rate < 0.9),
      `${Math.min(...rates)}…${Math.max(...rates)}`,
    );
    const mean = rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
    assert.ok(Math.abs(mean - 0.7) < 0.05, String(mean));
  });

  it('writes messages that ingress takes, from every system, of every kind, some late and some twice', () => {
    const sent = play(hospital(), 2000);
    const [events, applications, ids] = [new Set<string>(), new Set<string>(), new Set<string>()];
    for (const { message, controlId } of sent) {
      const read = parse(message);
      assert.deepEqual([...validateHeader(read), ...atOnce(validateCharset(read))], []);
      const { facts, findings } = readAdt(read, { events: adtEvents, zone: 'UTC' });
      assert.deepEqual(findings, []);
      events.add(facts?.event ?? '');
      applications.add(facts?.sender ?? '');
      ids.add(controlId);
      assert.equal(facts?.controlId, controlId);
      assert.match(facts?.identifiers[0]?.value ?? '', /^SYN\d{6}$/);
      assert.match(read.text('PID-5.1') ?? '', /^[\p{L}' -]+$/u);
    }
    assert.deepEqual([...events].sort(), ['A01', 'A02', 'A03', 'A08', 'A11', 'A12', 'A13']);
    assert.deepEqual([...applications].sort(), ['ADTMAIN|SYNTHETIC', 'KIS|SYNTHETIC', 'REGADT|SYNTHETIC']);
    assert.equal(ids.size, sent.length);
    assert.ok(sent.some((event) => event.late > 0) && sent.some((event) => event.twice));
  });

  it('has the beds that the flow ends up with, although messages come late', async () => {
    const busy = hospital(11);
    const sent = play(busy, 600);
    const patients = new Map<string, PatientRun>();
    // Late ones go to the very end: as late as can be.
    for (const { message } of [...sent.filter((event) => event.late === 0), ...sent.filter((event) => event.late > 0)]) {
      const mrn = parse(message).text('PID-3.1') ?? '';
      const run = patients.get(mrn) ?? new PatientRun({}, mrn);
      patients.set(mrn, run);
      await run.send(message);
    }
    const derived = [...patients].flatMap(([mrn, run]) =>
      run.visits
        .filter((row) => row.status === 'in-progress')
        .map((row) => `${mrn} ${run.locations.find((each) => each.id === row.location)?.identifier?.[1]?.value}`),
    );
    const real = busy.census().map((inpatient) => `${inpatient.person.mrn} ${bedKey(inpatient.bed)}`);
    assert.deepEqual(derived.sort(), real.sort());
  });
});
