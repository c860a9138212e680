import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { mostMs } from '../../src/engine/linger.ts';
import { type Append, header } from '../../src/log/port.ts';
import type { LaneGroup, OutboxRecord } from '../../src/state/port.ts';
import type { Violation } from '../../src/testing/index.ts';
import { Departures } from '../../src/testing/simulation/departures.ts';
import { events } from './flows.ts';

const flow = { name: 'lanes', sources: [events] };
const stride = 2 ** 20;

/** One worker whose lanes emit the record `r` to one topic, in the groups that a test names; times are its milliseconds. */
function watched() {
  const found: Violation[] = [];
  let now = 0;
  const departures = new Departures(flow, { violated: (...violations) => void found.push(...violations) }, () => now);
  const at = (ms: number): void => {
    now = ms;
  };
  const refOf = (lane: string) => ({ flow: flow.name, lane, topic: events.name, partition: 3 });
  const outbox: readonly OutboxRecord[] = [
    { topic: 'lanes.parked', partition: 0, key: 'p', value: null, timestamp: 0, headers: { [header.eventId]: 'r' } },
  ];
  const sentBy = (lane: string, group: number): readonly Append[] => {
    const producer = lane === 'main' ? 'lanes/3' : `lanes/${lane}@${events.name}/3`;
    return outbox.map((record) => ({ ...record, headers: { ...record.headers, [header.seq]: `${producer}/${group * stride}` } }));
  };
  return {
    at,
    found,
    durable: (lane: string, group: number) =>
      departures.durable([{ lane: refOf(lane), epoch: 1, group, outbox } as Partial<LaneGroup> as LaneGroup], ['applied']),
    claims: (lane: string) => departures.claims(refOf(lane)),
    leave: (lane: string, group: number) => departures.leave(sentBy(lane, group)),
    ended: (lane: string, group: number) => departures.ended(sentBy(lane, group)),
    stops: () => {
      departures.stopped = true;
    },
  };
}

describe('what a durable group emits', () => {
  for (const lane of ['main', 'ehr']) {
    it(`leaves too late where it waits longer than it may with nothing in front of it, in the lane ${lane}`, () => {
      const { at, durable, leave, found } = watched();
      durable(lane, 1);
      at(mostMs);
      leave(lane, 1);
      assert.deepEqual(found, []);
      durable(lane, 2);
      at(2 * mostMs + 1);
      leave(lane, 2);
      assert.deepEqual(
        found.map(({ oracle }) => oracle),
        ['EmissionsLeave'],
      );
    });
  }

  it('waits for the end of its lane’s append before, and no longer', () => {
    const { at, durable, leave, ended, found } = watched();
    durable('ehr', 1);
    leave('ehr', 1);
    durable('ehr', 2);
    durable('ehr', 3);
    at(500);
    ended('ehr', 1);
    leave('ehr', 2);
    ended('ehr', 2);
    assert.deepEqual(found, []);
    at(501 + mostMs);
    leave('ehr', 3);
    assert.equal(found.length, 1);
  });

  it('is its lane’s own: another lane that parks the same record neither sends it nor has it wait', () => {
    const { at, durable, leave, ended, found } = watched();
    durable('ehr', 1);
    leave('ehr', 1);
    durable('ehr', 2);
    at(500);
    durable('wards', 7);
    leave('wards', 7);
    assert.deepEqual(found, [], 'of ehr an append is under way');
    ended('ehr', 1);
    at(501 + mostMs);
    leave('ehr', 2);
    assert.equal(found.length, 1, 'it has been under way for long');
  });

  it('is its group’s own: a copy that is tried again is not the next one, which waits behind it', () => {
    const { at, durable, leave, ended, found } = watched();
    durable('ehr', 1);
    leave('ehr', 1);
    ended('ehr', 1);
    // An operator's redrive: the record fails again, and is parked again.
    at(50);
    durable('ehr', 2);
    at(900);
    leave('ehr', 1);
    assert.deepEqual(found, [], 'the first copy again');
    at(910);
    ended('ehr', 1);
    at(911 + mostMs);
    leave('ehr', 2);
    assert.equal(found.length, 1, 'nothing was in front of the second one any more');
  });

  it('is left to the next owner where the partition is claimed anew, and is late where its process was stopped', () => {
    const claimed = watched();
    claimed.durable('ehr', 1);
    claimed.claims('ehr');
    claimed.at(500);
    claimed.leave('ehr', 1);
    assert.deepEqual(claimed.found, []);
    const stopped = watched();
    stopped.durable('ehr', 1);
    stopped.stops();
    stopped.at(500);
    stopped.leave('ehr', 1);
    assert.deepEqual(stopped.found, []);
  });
});
