import type { Clock } from '../../clock/clock.ts';
import type { TopicPartition } from '../port.ts';

/** What the group asks of one of its consumers. */
export interface Member {
  readonly topics: readonly string[];
  readonly rebalanceTimeoutMs: number;
  /** Stop delivery, drain, give the partitions up. Must not reject. */
  revoke(): Promise<void>;
  /** The partitions are gone; commits are fenced from here on. */
  lose(): void;
  /** Take these under this generation; returns at once. */
  assign(partitions: readonly TopicPartition[], generation: number): void;
}

/**
 * A consumer group within the process. Every change of membership is a **rebalance**, as in Kafka's eager protocol: all
 * members give up everything (awaited while their generation is current), then the partitions are dealt anew under the
 * next generation. Partition p of every topic goes to the same member where the members read the same topics, so that
 * topics partitioned alike stay together. A member that does not drain within its rebalance time-out loses its
 * partitions and comes back when it has drained.
 */
export interface ConsumerGroup {
  /** Resolves when the member has been through a rebalance. */
  join(member: Member): Promise<void>;
  /** Resolves when the member has given up its partitions. */
  leave(member: Member): Promise<void>;
}

export function consumerGroup(clock: Clock, partitionsOf: (topic: string) => number): ConsumerGroup {
  const members = new Set<Member>();
  /** Members with an assignment of the last deal. */
  const held = new Set<Member>();
  const draining = new Set<Member>();
  let generation = 0;
  let asked = false;
  let running: Promise<void> | undefined;

  const drain = (member: Member): Promise<void> =>
    new Promise((resolve) => {
      let late = false;
      const cancel = clock.after(member.rebalanceTimeoutMs, () => {
        late = true;
        draining.add(member);
        member.lose();
        resolve();
      });
      member.revoke().finally(() => {
        cancel();
        resolve();
        if (!late) return;
        draining.delete(member);
        if (members.has(member)) void rebalance();
      });
    });

  const deal = () => {
    generation++;
    const able = [...members].filter((member) => !draining.has(member));
    const hands = new Map<Member, TopicPartition[]>(able.map((member) => [member, []]));
    for (const topic of new Set(able.flatMap((member) => member.topics))) {
      const readers = able.filter((member) => member.topics.includes(topic));
      const count = partitionsOf(topic);
      for (let partition = 0; partition < count; partition++) {
        hands.get(readers[partition % readers.length] as Member)?.push({ topic, partition });
      }
    }
    for (const [member, partitions] of hands) member.assign(partitions, generation);
  };

  const rounds = async () => {
    while (asked) {
      asked = false;
      await Promise.all([...held].filter((member) => !draining.has(member)).map(drain));
      held.clear();
      if (asked) continue;
      deal();
      for (const member of members) held.add(member);
    }
  };

  const rebalance = (): Promise<void> => {
    asked = true;
    running ??= rounds().finally(() => {
      running = undefined;
    });
    return running;
  };

  return {
    join(member) {
      members.add(member);
      return rebalance();
    },
    leave(member) {
      members.delete(member);
      return rebalance();
    },
  };
}
