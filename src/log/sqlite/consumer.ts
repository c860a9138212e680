import type { Clock } from '../../clock/clock.ts';
import { AortaError, error } from '../../errors/index.ts';
import type { Database } from '../../sqlite/database.ts';
import type { Telemetry } from '../../telemetry/port.ts';
import type { Commit, ConsumerOptions, LogConsumer, TopicPartition } from '../port.ts';
import { committed } from './commits.ts';
import { feedOf, keyOf, type Position } from './feed.ts';
import type { Hub } from './hub.ts';
import type { Member } from './membership.ts';
import type { StoredTopic } from './topics.ts';

const firstRestartMs = 1000;
const longestRestartMs = 30_000;

export interface ConsumerParts {
  readonly database: Database;
  readonly hub: Hub;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly topicOf: (name: string) => StoredTopic;
  readonly commit: (group: string, offsets: readonly Commit[]) => Promise<void>;
}

/**
 * One member of a group (membership.ts) with its feed of records (feed.ts). Owned partitions accept commits; that begins
 * before `onAssigned` and ends after `onRevoked`. What a handler throws, and a read that fails, take the consumer down:
 * `onError(…, true)`, a pause of 1 to 30 s, and a new join.
 */
export function sqliteConsumer(parts: ConsumerParts, options: ConsumerOptions): LogConsumer {
  const { hub, clock } = parts;
  const { group } = options;
  let owned = new Map<string, TopicPartition>();
  let generation = 0;
  /** Rises with every assignment and loss: what began under an older one has no say any more. */
  let round = 0;
  let assigning: Promise<void> = Promise.resolve();
  const committing = new Set<Promise<void>>();
  let restartMs = firstRestartMs;
  let cancelRestart: (() => void) | undefined;
  let started: Promise<void> | undefined;
  let stopped: Promise<void> | undefined;
  let unwatch: (() => void) | undefined;

  const problemOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.name : typeof thrown);
  const handlerFailed = (handler: string, thrown: unknown): Error =>
    error('AORTA_LOG_017', { group, handler, problem: problemOf(thrown) }, { cause: thrown });

  const restart = (reason: Error) => {
    options.onError(reason, true);
    cancelRestart?.();
    cancelRestart = clock.after(restartMs, () => {
      cancelRestart = undefined;
      // Joins anew: everything is revoked, and dealt again under the next generation.
      if (!stopped) void hub.group(group).join(member);
    });
    restartMs = Math.min(longestRestartMs, restartMs * 2);
  };

  const feed = feedOf({
    ...parts,
    onRecords: options.onRecords,
    onFailure: (handler, thrown) =>
      restart(
        handler === 'fetch'
          ? error('AORTA_LOG_011', { group, problem: problemOf(thrown) }, { cause: thrown })
          : handlerFailed(handler, thrown),
      ),
  });

  const positionsOf = (partitions: readonly TopicPartition[], chosen: readonly Commit[]): Position[] => {
    const ends = new Map(options.topics.map((topic) => [topic, hub.ends(topic)]));
    const offsets = new Map(options.topics.map((topic) => [topic, committed(parts.database, group, topic)]));
    return partitions.map(({ topic, partition }) => {
      const { firstSlot, compacted } = parts.topicOf(topic);
      const own = chosen.find((commit) => commit.topic === topic && commit.partition === partition);
      const { start = 0, end = 0 } = ends.get(topic)?.[partition] ?? {};
      const next = own?.offset ?? offsets.get(topic)?.get(partition) ?? start;
      if (next > end) throw error('AORTA_LOG_013', { topic, partition, offset: next, end });
      return { topic, partition, slot: firstSlot + partition, compacted, next, end };
    });
  };

  const take = async (partitions: readonly TopicPartition[], mine: number): Promise<void> => {
    try {
      const chosen = await options.onAssigned(partitions, generation);
      if (mine !== round) return;
      feed.start(positionsOf(partitions, chosen));
      restartMs = firstRestartMs;
    } catch (thrown) {
      if (mine !== round) return;
      owned = new Map();
      options.onLost(partitions);
      restart(thrown instanceof AortaError && thrown.code === 'AORTA_LOG_013' ? thrown : handlerFailed('onAssigned', thrown));
    }
  };

  const member: Member = {
    topics: options.topics,
    rebalanceTimeoutMs: options.rebalanceTimeoutMs ?? 60_000,
    assign(partitions, current) {
      round++;
      generation = current;
      owned = new Map(partitions.map((partition) => [keyOf(partition), partition]));
      feed.unpause();
      assigning = partitions.length === 0 ? Promise.resolve() : take(partitions, round);
    },
    async revoke() {
      const mine = round;
      cancelRestart?.();
      feed.stop();
      await assigning;
      feed.stop();
      if (mine !== round || owned.size === 0) return;
      try {
        await options.onRevoked([...owned.values()]);
      } catch (thrown) {
        options.onError(handlerFailed('onRevoked', thrown), true);
      }
      await Promise.allSettled(committing);
      if (mine === round) owned = new Map();
    },
    lose() {
      round++;
      feed.stop();
      const partitions = [...owned.values()];
      owned = new Map();
      if (partitions.length > 0) options.onLost(partitions);
    },
  };

  return {
    start() {
      started ??= (async () => {
        for (const topic of options.topics) parts.topicOf(topic);
        unwatch = hub.watch(options.topics, feed.appended);
        await hub.group(group).join(member);
        await assigning;
      })();
      return started;
    },
    stop() {
      stopped ??= (async () => {
        cancelRestart?.();
        if (!started) return;
        await hub.group(group).leave(member);
        unwatch?.();
      })();
      return stopped;
    },
    pause: feed.pause,
    resume: feed.resume,
    async commit(offsets) {
      for (const { topic, partition, generation: under = generation } of offsets) {
        if (!owned.has(keyOf({ topic, partition })) || under !== generation) throw error('AORTA_LOG_005', { group, topic, partition });
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
