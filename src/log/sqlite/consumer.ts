import type { Clock } from '../../clock/clock.ts';
import { error } from '../../errors/index.ts';
import type { Database } from '../../sqlite/database.ts';
import type { Telemetry } from '../../telemetry/port.ts';
import type { Commit, ConsumerOptions, LogConsumer, TopicPartition } from '../port.ts';
import { committed } from './commits.ts';
import type { Hub } from './hub.ts';
import type { Member } from './membership.ts';
import { readRecords } from './records.ts';
import type { StoredTopic } from './topics.ts';

/** Bounds of one fetch of one partition; what `pause` cannot take back. */
const mostRecords = 500;
const mostBytes = 1024 * 1024;
const firstRestartMs = 1000;
const longestRestartMs = 30_000;

interface Assignment extends TopicPartition {
  readonly slot: number;
  readonly compacted: boolean;
  /** Next offset to read. */
  position: number;
  end: number;
}

interface ConsumerParts {
  readonly database: Database;
  readonly hub: Hub;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly topicOf: (name: string) => StoredTopic;
  readonly commit: (group: string, offsets: readonly Commit[]) => Promise<void>;
}

const keyOf = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}`;

/**
 * One member of a group. Records are pushed a fetch at a time, partition after partition, each fetch in its own turn of
 * the event loop; appends in this process wake it, a slow poll of the hub is the safety net.
 */
export function sqliteConsumer(parts: ConsumerParts, options: ConsumerOptions): LogConsumer {
  const { database, hub, clock, telemetry } = parts;
  const { group } = options;
  /** Owned: commits are accepted. */
  let owned = new Map<string, Assignment>();
  let current = 0;
  const paused = new Set<string>();
  let delivering = false;
  let pumping = false;
  let assigning: Promise<void> = Promise.resolve();
  let round = 0;
  let restartMs = firstRestartMs;
  let cancelRestart: (() => void) | undefined;
  const committing = new Set<Promise<void>>();
  let started: Promise<void> | undefined;
  let stopped: Promise<void> | undefined;
  let unwatch: (() => void) | undefined;
  const skipped = telemetry.counter(
    'aorta_log_skipped_by_retention_total',
    'Records that retention removed before their consumer read them.',
    { group },
  );

  const pump = () => {
    if (pumping) return;
    pumping = true;
    clock.soon(() => {
      pumping = false;
      if (!delivering) return;
      let more = false;
      for (const assignment of owned.values()) {
        if (!delivering) return;
        if (assignment.position >= assignment.end || paused.has(keyOf(assignment))) continue;
        if (!deliver(assignment)) return;
        more ||= assignment.position < assignment.end;
      }
      if (more) pump();
    });
  };

  const deliver = (assignment: Assignment): boolean => {
    try {
      const records = readRecords(database, assignment.slot, assignment.position, mostRecords, mostBytes);
      const first = records[0];
      const last = records[records.length - 1];
      if (first && first.offset > assignment.position && !assignment.compacted) skipped.inc(first.offset - assignment.position);
      assignment.position = last ? last.offset + 1 : assignment.end;
      if (assignment.end < assignment.position) assignment.end = assignment.position;
      if (last) options.onRecords({ topic: assignment.topic, partition: assignment.partition }, records, assignment.end);
      return true;
    } catch (thrown) {
      // Nothing was delivered and the position did not move: read again after a pause.
      fail('fetch', thrown, 'AORTA_LOG_011');
      return false;
    }
  };

  const fail = (handler: string, thrown: unknown, code: 'AORTA_LOG_011' | 'AORTA_LOG_017') => {
    const problem = thrown instanceof Error ? thrown.name : typeof thrown;
    options.onError(error(code, { group, handler, problem }, { cause: thrown }), true);
    delivering = false;
    clearRestart();
    cancelRestart = clock.after(restartMs, () => {
      cancelRestart = undefined;
      // Joins anew: everything is revoked, and dealt again under the next generation.
      if (!stopped) void hub.group(group).join(member);
    });
    restartMs = Math.min(longestRestartMs, restartMs * 2);
  };

  const clearRestart = () => {
    cancelRestart?.();
    cancelRestart = undefined;
  };

  const assignmentAt = (partition: TopicPartition): Assignment => {
    const topic = parts.topicOf(partition.topic);
    return { ...partition, slot: topic.firstSlot + partition.partition, compacted: topic.compacted, position: 0, end: 0 };
  };

  const place = (assignments: readonly Assignment[], chosen: readonly Commit[]) => {
    for (const topic of new Set(assignments.map((assignment) => assignment.topic))) {
      const offsets = committed(database, group, topic);
      const ends = hub.ends(topic);
      for (const assignment of assignments) {
        if (assignment.topic !== topic) continue;
        const own = chosen.find((commit) => commit.topic === topic && commit.partition === assignment.partition);
        const { start, end } = ends[assignment.partition] as { start: number; end: number };
        assignment.position = own?.offset ?? offsets.get(assignment.partition) ?? start;
        assignment.end = end;
      }
    }
  };

  const member: Member = {
    topics: options.topics,
    rebalanceTimeoutMs: options.rebalanceTimeoutMs ?? 60_000,
    assign(partitions, generation) {
      const mine = ++round;
      current = generation;
      const assignments = partitions.map(assignmentAt);
      owned = new Map(assignments.map((assignment) => [keyOf(assignment), assignment]));
      paused.clear();
      if (partitions.length === 0) return;
      assigning = (async () => {
        try {
          const chosen = await options.onAssigned(partitions, generation);
          if (mine !== round) return;
          place(assignments, chosen);
          restartMs = firstRestartMs;
          delivering = true;
          pump();
        } catch (thrown) {
          if (mine !== round) return;
          owned = new Map();
          options.onLost(partitions);
          fail('onAssigned', thrown, 'AORTA_LOG_017');
        }
      })();
    },
    async revoke() {
      const mine = round;
      delivering = false;
      clearRestart();
      await assigning;
      delivering = false;
      if (mine !== round || owned.size === 0) return;
      try {
        await options.onRevoked([...owned.values()].map(({ topic, partition }) => ({ topic, partition })));
      } catch (thrown) {
        options.onError(
          error(
            'AORTA_LOG_017',
            { group, handler: 'onRevoked', problem: thrown instanceof Error ? thrown.name : typeof thrown },
            { cause: thrown },
          ),
          true,
        );
      }
      await Promise.allSettled(committing);
      if (mine === round) owned = new Map();
    },
    lose() {
      round++;
      delivering = false;
      const partitions = [...owned.values()].map(({ topic, partition }) => ({ topic, partition }));
      owned = new Map();
      if (partitions.length > 0) options.onLost(partitions);
    },
  };

  return {
    start() {
      started ??= (async () => {
        for (const topic of options.topics) parts.topicOf(topic);
        unwatch = hub.watch(options.topics, (topic, partition, end) => {
          const assignment = owned.get(`${topic}/${partition}`);
          if (!assignment || end <= assignment.end) return;
          assignment.end = end;
          if (delivering) pump();
        });
        await hub.group(group).join(member);
        await assigning;
      })();
      return started;
    },
    stop() {
      stopped ??= (async () => {
        clearRestart();
        if (!started) return;
        await hub.group(group).leave(member);
        unwatch?.();
      })();
      return stopped;
    },
    pause(partition) {
      paused.add(keyOf(partition));
    },
    resume(partition) {
      if (paused.delete(keyOf(partition)) && delivering) pump();
    },
    async commit(offsets) {
      for (const { topic, partition, generation = current } of offsets) {
        if (!owned.has(keyOf({ topic, partition })) || generation !== current) throw error('AORTA_LOG_005', { group, topic, partition });
      }
      if (offsets.length === 0) return;
      const written = parts.commit(group, offsets);
      committing.add(written);
      try {
        await written;
      } finally {
        committing.delete(written);
      }
    },
  };
}
