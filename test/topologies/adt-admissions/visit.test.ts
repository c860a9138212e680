import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { adt } from './messages.ts';
import { PatientRun } from './run.ts';

const admit = adt({ event: 'A01', at: '202605011000', place: '4W^401^A' });
const toICU = adt({ event: 'A02', at: '202605011200', place: 'ICU^1^B', from: '4W^401^A' });
const toSurgery = adt({ event: 'A02', at: '202605011500', place: 'SUR^7^C', from: 'ICU^1^B' });
const goHome = adt({ event: 'A03', at: '202605021600', place: 'SUR^7^C', pv1: { 36: '01' } });
const run = (...messages: string[]) => new PatientRun().send(...messages);

describe('a visit', () => {
  it('begins with A01, moves with A02 and ends with A03', async () => {
    const visit = await run(admit, toICU, toSurgery, goHome);
    assert.equal(visit.encounter.status, 'finished');
    assert.deepEqual(visit.stays(), ['4W 401 A completed 10:00–12:00', 'ICU 1 B completed 12:00–15:00', 'SUR 7 C completed 15:00–16:00']);
    assert.deepEqual(visit.encounter.period, { start: '2026-05-01T10:00:00+00:00', end: '2026-05-02T16:00:00+00:00' });
    assert.equal(visit.encounter.hospitalization?.dischargeDisposition?.coding?.[0]?.code, '01');
    assert.deepEqual(
      visit.timeline.map((row) => row.type),
      ['Admission', 'Transfer', 'Transfer', 'Discharge'],
    );
    assert.deepEqual(
      visit.visits.map(({ status, location }) => ({ status, location })),
      [{ status: 'finished', location: null }],
    );
  });

  it('lets a late A02 enter the history without moving the current bed', async () => {
    const visit = await run(admit, toSurgery, toICU);
    assert.deepEqual(visit.stays(), ['4W 401 A completed 10:00–12:00', 'ICU 1 B completed 12:00–15:00', 'SUR 7 C active 15:00–']);
    assert.equal(visit.visits[0]?.since, Date.UTC(2026, 4, 1, 15));
    assert.deepEqual(
      visit.timeline.map((row) => row.ward),
      ['4W', 'ICU', 'SUR'],
    );
  });

  it('gives the same for A03 before A01 as for A01 before A03', async () => {
    assert.deepEqual((await run(goHome, admit)).outcome(), (await run(admit, goHome)).outcome());
  });

  it('is taken back by A11, with its places', async () => {
    const visit = await run(admit, adt({ event: 'A11', at: '202605011030', place: '4W^401^A' }));
    assert.equal(visit.encounter.status, 'cancelled');
    assert.equal(visit.encounter.location, undefined);
    assert.equal(visit.encounter.class.code, 'IMP');
    assert.equal(visit.visits[0]?.location, null);
    assert.equal(visit.timeline[1]?.cancels, 'ADT1|GENHOSP/A01-202605011000');
  });

  it('is opened again by a new A01 after A11', async () => {
    const visit = await run(admit, adt({ event: 'A11', at: '202605011030' }), adt({ event: 'A01', at: '202605011100', place: '4W^402^A' }));
    assert.equal(visit.encounter.status, 'in-progress');
    assert.deepEqual(visit.stays(), ['4W 402 A active 11:00–']);
    assert.equal(visit.encounter.period?.start, '2026-05-01T11:00:00+00:00');
  });

  it('goes back to the previous bed with A12', async () => {
    const visit = await run(admit, toICU, adt({ event: 'A12', at: '202605011230', place: '4W^401^A', from: 'ICU^1^B' }));
    assert.deepEqual(visit.stays(), ['4W 401 A active 10:00–']);
    assert.equal(visit.timeline[2]?.cancels, 'ADT1|GENHOSP/A02-202605011200');
  });

  it('takes back the transfer that A12 names, once', async () => {
    const back = (at: string) => adt({ event: 'A12', at, place: 'ICU^1^B', from: 'SUR^7^C' });
    const visit = await run(admit, toICU, toSurgery, back('202605011510'), back('202605011520'));
    assert.deepEqual(visit.stays(), ['4W 401 A completed 10:00–12:00', 'ICU 1 B active 12:00–']);
    assert.deepEqual(
      visit.timeline.slice(3).map((row) => row.cancels),
      ['ADT1|GENHOSP/A02-202605011500', null],
    );
  });

  it('goes on after A13, without what the discharge said', async () => {
    const visit = await run(admit, goHome, adt({ event: 'A13', at: '202605021700', place: 'SUR^7^C' }));
    assert.equal(visit.encounter.status, 'in-progress');
    assert.equal(visit.encounter.period?.end, undefined);
    assert.equal(visit.encounter.hospitalization, undefined);
  });

  it('keeps A13 waiting for an A03 that arrives later', async () => {
    const undo = adt({ event: 'A13', at: '202605021700', place: '4W^401^A' });
    const visit = await run(admit, undo, goHome);
    assert.equal(visit.encounter.status, 'in-progress');
    assert.deepEqual(visit.stays(), ['4W 401 A active 10:00–']);
    assert.equal(visit.timeline.find((row) => row.type === 'Cancellation')?.cancels, 'ADT1|GENHOSP/A03-202605021600');
    assert.deepEqual(visit.outcome(), (await run(admit, goHome, undo)).outcome());
  });

  it('finds the cancelled event also when EVN-6 gives both the same time', async () => {
    const undo = adt({ event: 'A13', at: '202605021700', evn6: '202605021600', place: '4W^401^A' });
    for (const order of [
      [admit, undo, goHome],
      [admit, goHome, undo],
    ]) {
      assert.equal((await run(...order)).encounter.status, 'in-progress');
    }
  });

  it('has no second effect when something cancelled is cancelled again', async () => {
    const visit = await run(admit, goHome, adt({ event: 'A13', at: '202605021700' }), adt({ event: 'A13', at: '202605021701' }));
    assert.equal(visit.encounter.status, 'in-progress');
    assert.deepEqual(
      visit.timeline.filter((row) => row.type === 'Cancellation').map((row) => row.cancels),
      ['ADT1|GENHOSP/A03-202605021600', null],
    );
  });

  it('is not opened again by A08 or A02 after A03', async () => {
    for (const event of ['A08', 'A02']) {
      const visit = await run(admit, goHome, adt({ event, at: '202605030800', place: 'SUR^7^C', pv1: { 10: 'CAR' } }));
      assert.equal(visit.encounter.status, 'finished', event);
      assert.deepEqual(visit.stays(), ['4W 401 A completed 10:00–16:00']);
      assert.equal(visit.encounter.serviceType?.coding?.[0]?.code, 'CAR');
    }
  });

  it('is not moved by A08', async () => {
    const visit = await run(admit, adt({ event: 'A08', at: '202605011100', place: 'ICU^1^B' }));
    assert.deepEqual(visit.stays(), ['4W 401 A active 10:00–']);
  });

  it('takes its place from A08 when nothing else says one, until A01 arrives', async () => {
    const news = adt({ event: 'A08', at: '202605011100', place: 'ICU^1^B' });
    const joined = await run(news);
    assert.equal(joined.encounter.status, 'in-progress');
    assert.deepEqual(joined.stays(), ['ICU 1 B active –']);
    assert.deepEqual((await run(news, admit)).stays(), ['4W 401 A active 10:00–']);
  });

  it('has the bed before the first known transfer from PV1-6', async () => {
    assert.deepEqual((await run(toICU)).stays(), ['4W 401 A completed –12:00', 'ICU 1 B active 12:00–']);
  });

  it('ends with PV1-45, whichever event says it, and with its time', async () => {
    const visit = await run(admit, adt({ event: 'A08', at: '202605011900', pv1: { 45: '20260501183000-0500' } }));
    assert.equal(visit.encounter.status, 'finished');
    assert.equal(visit.encounter.period?.end, '2026-05-01T18:30:00-05:00');
    assert.deepEqual(visit.stays(), ['4W 401 A completed 10:00–18:30']);
  });

  it('never ends before it begins', async () => {
    const visit = await run(admit, adt({ event: 'A03', at: '202605011900', pv1: { 45: '202604010000' } }));
    assert.deepEqual(visit.encounter.period, { start: '2026-05-01T10:00:00+00:00' });
  });

  it('moves to the bed that A13 names if it is another one', async () => {
    const visit = await run(admit, goHome, adt({ event: 'A13', at: '202605021700', place: '4W^402^A' }));
    assert.deepEqual(visit.stays(), ['4W 401 A completed 10:00–17:00', '4W 402 A active 17:00–']);
  });

  it('shows a pending bed as reserved and a temporary one as such', async () => {
    const visit = await run(admit, adt({ event: 'A08', at: '202605011100', pv1: { 11: 'XRAY^2', 42: 'ICU^1^B' } }));
    assert.deepEqual(visit.stays(), ['4W 401 A active 10:00–', 'XRAY 2 active –', 'ICU 1 B reserved –']);
    const there = await visit.send(toICU);
    assert.deepEqual(
      there.stays().filter((stay) => stay.includes('ICU')),
      ['ICU 1 B active 12:00–'],
    );
  });

  it('keeps the sender’s offset in every time', async () => {
    const visit = await new PatientRun().send(
      adt({ event: 'A01', at: '20260501100000+0530', place: '4W^401^A', pv1: { 44: '20260501095500' } }),
    );
    assert.equal(visit.encounter.period?.start, '2026-05-01T09:55:00+05:30');
    assert.equal(visit.encounter.location?.[0]?.period?.start, '2026-05-01T10:00:00+05:30');
  });

  it('gives times without an offset that of the configured zone', async () => {
    const visit = await new PatientRun({ zone: 'Europe/Zurich' }).send(admit);
    assert.equal(visit.encounter.period?.start, '2026-05-01T10:00:00+02:00');
  });
});
