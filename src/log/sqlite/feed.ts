import type { Clock } from '../../clock/clock.ts';
import type { Database } from '../../sqlite/database.ts';
import type { Telemetry } from '../../telemetry/port.ts';
import type { ConsumerHandlers, LogRecord, TopicPartition } from '../port.ts';
import { readRecords } from './records.ts';

/** Bounds of one fetch of one partition, which `pause` cannot take back, and of one turn of the event loop. */
const mostRecords = 500;
const mostBytes = 1024 * 1024;

/** Where one assigned partition is read. */
export interface Position extends TopicPartition {
  readonly slot: number;
  readonly compacted: boolean;
  /** Next offset to read. */
  next: number;
  /** The log's end as far as known. */
  end: number;
}

export const keyOf = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}`;

/** Pushes records of the assigned partitions, partition after partition, a bounded piece in each turn of the event loop. */
export interface Feed {
  start(positions: readonly Position[]): void;
  /** Nothing is delivered after it returns. */
  stop(): void;
  pause(partition: TopicPartition): void;
  resume(partition: TopicPartition): void;
  /** Forgets all pauses. */
  unpause(): void;
  /** The log of a partition ends there now. */
  appended(topic: string, partition: number, end: number): void;
}

interface FeedParts {
  readonly database: Database;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly onRecords: ConsumerHandlers['onRecords'];
  /** The feed has stopped: reading failed, or the handler threw. */
  readonly onFailure: (handler: 'fetch' | 'onRecords', thrown: unknown) => void;
}

export function feedOf({ database, clock, telemetry, onRecords, onFailure }: FeedParts): Feed {
  const paused = new Set<string>();
  let positions: readonly Position[] = [];
  let byKey = new Map<string, Position>();
  let turn = 0;
  let scheduled = false;
  const expired = telemetry.counter('aorta_log_expired_records_total', 'Records that retention removed before they were read.');

  const schedule = () => {
    if (scheduled) return;
    scheduled = true;
    clock.soon(() => {
      scheduled = false;
      deliver();
    });
  };

  const waiting = (position: Position): boolean => position.next < position.end && !paused.has(keyOf(position));

  const deliver = () => {
    let budget = mostRecords;
    // A handler may pause, or stop the feed: both count at once.
    for (let tried = 0; tried < positions.length && budget > 0; tried++) {
      const position = positions[turn++ % positions.length] as Position;
      if (!waiting(position)) continue;
      const records = fetch(position);
      if (records === undefined) return;
      budget -= Math.max(1, records.length);
    }
    if (positions.some(waiting)) schedule();
  };

  const fetch = (position: Position): readonly LogRecord[] | undefined => {
    let records: readonly LogRecord[];
    try {
      records = readRecords(database, position.slot, position.next, mostRecords, mostBytes);
    } catch (thrown) {
      return fail('fetch', thrown);
    }
    const [first] = records;
    const last = records.at(-1);
    if (first && first.offset > position.next && !position.compacted) expired.inc(first.offset - position.next);
    position.next = last ? last.offset + 1 : position.end;
    position.end = Math.max(position.end, position.next);
    if (!last) return records;
    try {
      onRecords({ topic: position.topic, partition: position.partition }, records, position.end);
    } catch (thrown) {
      return fail('onRecords', thrown);
    }
    return records;
  };

  const fail = (handler: 'fetch' | 'onRecords', thrown: unknown): undefined => {
    stop();
    onFailure(handler, thrown);
  };

  const stop = () => {
    positions = [];
    byKey = new Map();
  };

  return {
    start(assigned) {
      positions = assigned;
      byKey = new Map(assigned.map((position) => [keyOf(position), position]));
      schedule();
    },
    stop,
    pause(partition) {
      paused.add(keyOf(partition));
    },
    resume(partition) {
      if (paused.delete(keyOf(partition))) schedule();
    },
    unpause() {
      paused.clear();
    },
    appended(topic, partition, end) {
      const position = byKey.get(keyOf({ topic, partition }));
      if (!position || end <= position.end) return;
      position.end = end;
      if (waiting(position)) schedule();
    },
  };
}
