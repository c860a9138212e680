import { array } from '../../postgres/array.ts';
import type { PostgresPool } from '../../postgres/pool.ts';
import { plain } from '../../postgres/repeat.ts';
import type { Brake, Landmark, Operations, RedriveNote, UnsentRedrive } from '../operations.ts';

const brakeColumns = 'flow, reason, dead_letters as "deadLetters", records, tripped_at as "at"';

export function createPostgresOperations(pool: PostgresPool): Operations {
  const read = (text: string, values: readonly (string | number | Buffer)[]) => plain(pool.query({ text, values, prepared: true }));
  return {
    async brake(flow) {
      return (await read(`select ${brakeColumns} from aorta_brake where flow = $1`, [flow]))[0] as unknown as Brake | undefined;
    },
    async brakes() {
      return (await read(`select ${brakeColumns} from aorta_brake order by flow`, [])) as unknown as Brake[];
    },
    async putBrake({ flow, reason, deadLetters, records, at }) {
      await read(
        'insert into aorta_brake (flow, reason, dead_letters, records, tripped_at) values ($1, $2, $3, $4, $5) on conflict (flow) do nothing',
        [flow, reason, deadLetters, records, at],
      );
    },
    async releaseBrake(flow) {
      return (await read('delete from aorta_brake where flow = $1 returning flow', [flow])).length > 0;
    },
    async noteRedrives(notes) {
      const flow = notes[0]?.flow;
      if (flow === undefined) return [];
      const texts = (read: (note: RedriveNote) => string | null) => array('text', notes.map(read));
      const times = array(
        'int8',
        notes.map(({ at }) => at),
      );
      // One at a time for a flow: numbers must become visible in their order, or a later one would be sent first.
      const [, noted] = await plain(
        pool.pipeline([
          { text: 'select pg_advisory_xact_lock(hashtextextended($1::text, 0))', values: [`aorta:redrive:${flow}`] },
          {
            text: `insert into aorta_redriven (id, flow, event_id, action, actor, redriven_at, letter, seq, sent)
              select n.id, $1, n.event_id, n.action, n.actor, n.at, n.letter,
                case when n.letter is null then null
                  else greatest(n.at, (select coalesce(max(seq), 0) from aorta_redriven where flow = $1)) + n.position end,
                case when n.letter is null or n.action = 'discard' then 1 else 0 end
              from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::int8[], $7::text[])
                with ordinality as n(id, event_id, action, actor, at, letter, position)
              order by n.position on conflict do nothing returning id`,
            values: [
              flow,
              texts(({ id }) => id),
              texts(({ eventId }) => eventId),
              texts(({ action }) => action),
              texts(({ actor }) => actor),
              times,
              texts(({ letter }) => letter),
            ],
          },
        ]),
      );
      return (noted ?? []).map(({ id }) => id as string);
    },
    async unsentRedrives(flow, limit) {
      const rows = await read('select id, letter, seq from aorta_redriven where flow = $1 and sent = 0 order by seq limit $2', [
        flow,
        limit,
      ]);
      return rows as unknown as UnsentRedrive[];
    },
    async redrivesSent(ids) {
      await read('update aorta_redriven set sent = 1 where id = any($1::text[])', [array('text', ids)]);
    },
    async takenLetters(flow) {
      const rows = await read('select letter, action, redriven_at as "at" from aorta_redriven where flow = $1 and letter is not null', [
        flow,
      ]);
      return new Map(
        rows.map(({ letter, action, at }) => [letter as string, { action: action as RedriveNote['action'], at: at as number }]),
      );
    },
    async redrivesSince(flow, eventIds, since) {
      const rows = await read(
        `select event_id as "eventId", count(*) as count from aorta_redriven
          where flow = $1 and event_id = any($2::text[]) and redriven_at >= $3 and action <> 'discard' group by event_id`,
        [flow, array('text', eventIds), since],
      );
      return new Map(rows.map(({ eventId, count }) => [eventId as string, Number(count)]));
    },
    async putLandmarks(landmarks) {
      const column = (type: 'text' | 'int4' | 'int8', read: (landmark: Landmark) => string | number) => array(type, landmarks.map(read));
      await read(
        `insert into aorta_landmark (flow, topic, partition, position, record_offset, record_time)
          select * from unnest($1::text[], $2::text[], $3::int4[], $4::int8[], $5::int8[], $6::int8[])
          on conflict (flow, topic, partition) do update
          set position = excluded.position, record_offset = excluded.record_offset, record_time = excluded.record_time
          where aorta_landmark.position <= excluded.position`,
        [
          column('text', ({ flow }) => flow),
          column('text', ({ topic }) => topic),
          column('int4', ({ partition }) => partition),
          column('int8', ({ position }) => position),
          column('int8', ({ offset }) => offset),
          column('int8', ({ timestamp }) => timestamp),
        ],
      );
    },
    async landmark({ flow, topic, partition }) {
      const [row] = await read(
        `select flow, topic, partition, position, record_offset as "offset", record_time as "timestamp"
          from aorta_landmark where flow = $1 and topic = $2 and partition = $3`,
        [flow, topic, partition],
      );
      return row as unknown as Landmark | undefined;
    },
    async pruneRedrives(before) {
      return (await read('delete from aorta_redriven where redriven_at < $1 and sent = 1 returning 1 as one', [before])).length;
    },
  };
}
