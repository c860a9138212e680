import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { checkZone, instantOf, parseTimestamp, timestampText } from '../../src/hl7/index.ts';

const instant = (text: string, zone = 'UTC', offset: number | null = null): string => {
  const time = parseTimestamp(text);
  return time ? new Date(instantOf(time, zone, offset)).toISOString() : 'none';
};

describe('Timestamps', () => {
  it('keep their precision and the offset of their sender', () => {
    assert.deepEqual(
      ['2024', '202402', '20240229', '2024022913', '202402291305', '20240229130559', '20240229130559.5', '20240229130559.1234'].map(
        (t) => parseTimestamp(t)?.precision,
      ),
      ['year', 'month', 'day', 'hour', 'minute', 'second', 'fraction', 'fraction'],
    );
    assert.equal(parseTimestamp('20240229130559+0530')?.offset, 330);
    assert.equal(parseTimestamp('20240229130559-0330')?.offset, -210);
    assert.equal(parseTimestamp('20240229')?.offset, null);
    assert.equal(parseTimestamp('20240229130559.1239+0000')?.millisecond, 123);
  });

  it('are none when no such date or time exists', () => {
    for (const text of [
      '',
      '202',
      '20241301',
      '20240230',
      '20230229',
      '19000229',
      '20240132',
      '20240100',
      '2024010124',
      '202401011260',
      '20240101120060',
      '2024010112000',
      '20240101120000.',
      '20240101120000.x',
      '2024-01-01',
      '20240101+1500',
      '20240101 1200',
      '00000101',
      'yesterday',
      '20240101120000+01',
      '20240101120000+0160',
      '-0100',
    ]) {
      assert.equal(parseTimestamp(text), undefined, text);
    }
    assert.ok(parseTimestamp('20000229'));
  });

  it('count in their own offset, else in that of MSH-7, else in the zone', () => {
    assert.equal(instant('20240131120000+0200', 'America/New_York', -300), '2024-01-31T10:00:00.000Z');
    assert.equal(instant('20240131120000', 'America/New_York', 60), '2024-01-31T11:00:00.000Z');
    assert.equal(instant('20240131120000', 'America/New_York'), '2024-01-31T17:00:00.000Z');
    assert.equal(instant('20240731120000', 'America/New_York'), '2024-07-31T16:00:00.000Z');
    assert.equal(instant('20240131120000.25', 'Asia/Kolkata'), '2024-01-31T06:30:00.250Z');
    assert.equal(instant('20240131', '+05:30'), '2024-01-30T18:30:00.000Z');
    assert.equal(instant('0099'), '0099-01-01T00:00:00.000Z');
  });

  it('take the offset before the change where clocks are moved', () => {
    assert.equal(instant('20240310013000', 'America/New_York'), '2024-03-10T06:30:00.000Z');
    assert.equal(instant('20240310023000', 'America/New_York'), '2024-03-10T07:30:00.000Z', 'skipped');
    assert.equal(instant('20240310033000', 'America/New_York'), '2024-03-10T07:30:00.000Z');
    assert.equal(instant('20241103013000', 'America/New_York'), '2024-11-03T05:30:00.000Z', 'twice: the first');
    assert.equal(instant('20241103023000', 'America/New_York'), '2024-11-03T07:30:00.000Z');
    assert.equal(instant('20241027023000', 'Europe/Berlin'), '2024-10-27T00:30:00.000Z');
  });

  it('written and read are the same instant', () => {
    fc.assert(
      fc.property(fc.date({ min: new Date('0001-01-01'), max: new Date('9999-01-01'), noInvalidDate: true }), (date) => {
        assert.equal(instant(timestampText(date.getTime()), 'Asia/Tokyo'), date.toISOString());
      }),
    );
  });

  it('unknown zones are a configuration error', () => {
    assert.throws(() => checkZone('Mars/Olympus'), { code: 'AORTA_CFG_001' });
    checkZone('Europe/Berlin');
    checkZone('-03:30');
  });
});
