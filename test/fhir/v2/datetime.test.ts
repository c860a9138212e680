import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fromInstant, instantOf, offsetAt, toDate, toDateTime } from '../../../src/fhir/v2/datetime.ts';
import { instantOf as instantOfTimestamp, parseTimestamp } from '../../../src/hl7/index.ts';

describe('DTM → dateTime', () => {
  it('keeps the precision, and the offset of the sender', () => {
    const cases = [
      ['2026', '2026'],
      ['202605', '2026-05'],
      ['20260501', '2026-05-01'],
      ['2026050110', '2026-05-01T10:00:00+02:00'],
      ['202605011030', '2026-05-01T10:30:00+02:00'],
      ['20260501103015', '2026-05-01T10:30:15+02:00'],
      ['20260501103015.1234', '2026-05-01T10:30:15.1234+02:00'],
      ['20260501103015-0530', '2026-05-01T10:30:15-05:30'],
      ['20260501103015+0000', '2026-05-01T10:30:15+00:00'],
      ['20260501+0530', '2026-05-01'],
    ] as const;
    for (const [dtm, dateTime] of cases) assert.equal(toDateTime(dtm, 'Europe/Zurich'), dateTime);
    assert.equal(toDate('198001021530'), '1980-01-02');
    assert.equal(toDate('198001'), '1980-01');
  });

  it('gives nothing for what is no date', () => {
    for (const bad of [
      '',
      '""',
      '20260230',
      '202613',
      '2026050125',
      '202605011060',
      '2026-05-01',
      '19',
      '20260501103015+2500',
      'yesterday',
      '00000101',
    ]) {
      assert.equal(toDateTime(bad, 'UTC'), undefined, bad);
    }
    assert.equal(toDate('20240229'), '2024-02-29');
    assert.equal(toDate('20230229'), undefined);
  });

  it('follows the clocks of the zone, gap and overlap included', () => {
    assert.equal(toDateTime('202601011000', 'Europe/Zurich'), '2026-01-01T10:00:00+01:00');
    assert.equal(toDateTime('202601011000', 'Asia/Kolkata'), '2026-01-01T10:00:00+05:30');
    assert.equal(toDateTime('202601011000', '-03:00'), '2026-01-01T10:00:00-03:00');
    assert.equal(offsetAt('2026-03-29T02:30:00', 'Europe/Zurich'), '+01:00', 'skipped hour');
    assert.equal(offsetAt('2026-10-25T02:30:00', 'Europe/Zurich'), '+02:00', 'hour that comes twice: the first');
    assert.equal(offsetAt('2026-03-29T03:00:00', 'Europe/Zurich'), '+02:00');
    assert.equal(offsetAt('2026-10-25T03:00:00', 'Europe/Zurich'), '+01:00');
  });

  it('means the same instant as ingress’s reading of the field', () => {
    for (const zone of ['UTC', 'Europe/Zurich', 'America/New_York', 'Australia/Lord_Howe', '+05:30']) {
      for (const dtm of [
        '202603290230',
        '202610250230',
        '202603080230',
        '202611010130',
        '202604050145',
        '20260701120000.5',
        '202607011200-0330',
      ]) {
        const read = parseTimestamp(dtm);
        assert.ok(read);
        assert.equal(instantOf(toDateTime(dtm, zone) as string), instantOfTimestamp(read, zone), `${dtm} in ${zone}`);
      }
    }
  });

  it('writes an instant with the offset of the zone', () => {
    assert.equal(fromInstant(Date.UTC(2026, 6, 1, 10), 'Europe/Zurich'), '2026-07-01T12:00:00+02:00');
    assert.equal(fromInstant(Date.UTC(2026, 6, 1, 10), '-03:30'), '2026-07-01T06:30:00-03:30');
    assert.equal(fromInstant(Date.UTC(2026, 6, 1, 10), 'UTC'), '2026-07-01T10:00:00+00:00');
  });
});
