import type { Clock } from '../../clock/clock.ts';
import type { Database } from '../../sqlite/database.ts';
import { type ConsumerGroup, consumerGroup } from './membership.ts';
import { type PartitionRow, partitionRows } from './records.ts';
import { topicInReader } from './topics.ts';

type Watcher = (topic: string, partition: number, end: number) => void;

/** What all logs on one database share: the consumer groups, and who wants to know of appends. */
export interface Hub {
  group(name: string): ConsumerGroup;
  /** Calls `watcher` after each durable append; the result stops it. */
  watch(topics: readonly string[], watcher: Watcher): () => void;
  appended(topic: string, partition: number, end: number): void;
  ends(topic: string): readonly PartitionRow[];
}

const hubs = new WeakMap<Database, Hub>();

/** Appends wake consumers themselves; this only repairs a lost wake-up. */
const pollMs = 5000;

export function hubOf(database: Database, clock: Clock): Hub {
  const known = hubs.get(database);
  if (known) return known;
  const groups = new Map<string, ConsumerGroup>();
  const watchers = new Map<Watcher, readonly string[]>();
  let cancelPoll: (() => void) | undefined;

  const poll = () => {
    cancelPoll = clock.after(pollMs, poll);
    for (const [watcher, topics] of watchers) {
      for (const topic of topics) for (const { partition, end } of partitionRows(database, topic)) watcher(topic, partition, end);
    }
  };

  const hub: Hub = {
    group(name) {
      let group = groups.get(name);
      if (!group) {
        group = consumerGroup(clock, (topic) => topicInReader(database, topic).partitions);
        groups.set(name, group);
      }
      return group;
    },
    watch(topics, watcher) {
      watchers.set(watcher, topics);
      cancelPoll ??= clock.after(pollMs, poll);
      return () => {
        watchers.delete(watcher);
        if (watchers.size > 0) return;
        cancelPoll?.();
        cancelPoll = undefined;
      };
    },
    appended(topic, partition, end) {
      for (const watcher of watchers.keys()) watcher(topic, partition, end);
    },
    ends: (topic) => partitionRows(database, topic),
  };
  hubs.set(database, hub);
  return hub;
}
