import { array } from '../../../postgres/array.ts';
import type { Statement } from '../../../postgres/pool.ts';
import type { LaneGroup } from '../../port.ts';
import { encodeOutbox } from '../outbox.ts';
import { deleteEach } from './delete.ts';
import { laneArrays, lanePlaces, sameLane } from './rows.ts';

export function outbox(groups: readonly LaneGroup[]): Statement[] {
  const full = groups.filter((group) => group.outbox.length > 0);
  const sent = groups.filter((group) => group.sentThrough > 0);
  const statements: Statement[] = [];
  if (full.length > 0) {
    statements.push({
      text: `insert into aorta_outbox (flow, lane, topic, partition, group_number, records) select * from unnest(${lanePlaces}, $5::int8[], $6::bytea[])`,
      values: [
        ...laneArrays(full.map((group) => group.lane)),
        array(
          'int8',
          full.map((group) => group.group),
        ),
        array(
          'bytea',
          full.map((group) => encodeOutbox(group.outbox)),
        ),
      ],
      prepared: true,
    });
  }
  if (sent.length > 0) {
    statements.push({
      text: deleteEach(
        'aorta_outbox',
        `${lanePlaces}, $5::int8[]`,
        'flow, lane, topic, partition, sent_through',
        `${sameLane} and t.group_number <= g.sent_through`,
      ),
      values: [
        ...laneArrays(sent.map((group) => group.lane)),
        array(
          'int8',
          sent.map((group) => group.sentThrough),
        ),
      ],
      prepared: true,
    });
  }
  return statements;
}
