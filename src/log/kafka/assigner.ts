/**
 * Who gets which partition. kafkajs's round robin deals (topic, partition) pairs out one by one: two topics of one flow
 * end up at different members, and each join moves nearly everything. Here
 * - partition p of all topics with the same count goes to one member (co-partitioned: a patient has one owner);
 * - a member keeps what it had as long as the balance allows (each tells its last assignment when it joins).
 * Eager all the same: everybody gives everything up for the moment of the rebalance (limit K5).
 */
import { type Assigner, assignerProtocol } from './internals.ts';

/** Partitions that move together: `count/partition`. */
type Unit = string;

export interface AssignerSources {
  /** Partition count of a topic; 0 when unknown. */
  partitionsOf(topic: string): number;
  /** What this member held last. */
  lastUnits(): readonly Unit[];
}

export const unitOf = (count: number, partition: number): Unit => `${count}/${partition}`;

/** Splits `units` among `members` (sorted ids), at most ceil(units / members) each, keeping previous owners. */
export function deal(
  units: readonly Unit[],
  members: readonly { readonly id: string; readonly had: ReadonlySet<Unit> }[],
): Map<string, Unit[]> {
  const sorted = [...members].sort((a, b) => (a.id < b.id ? -1 : 1));
  const small = Math.floor(units.length / sorted.length);
  let larger = units.length % sorted.length;
  const dealt = new Map<string, Unit[]>(sorted.map(({ id }) => [id, []]));
  const free = new Set(units);
  const roomFor = (held: Unit[]): boolean => held.length < small || (held.length === small && larger > 0);
  const give = (held: Unit[], unit: Unit): void => {
    held.push(unit);
    free.delete(unit);
    if (held.length === small + 1) larger--;
  };
  for (const unit of units) {
    const owner = sorted.find(({ id, had }) => had.has(unit) && roomFor(dealt.get(id) as Unit[]));
    if (owner) give(dealt.get(owner.id) as Unit[], unit);
  }
  for (const held of dealt.values()) {
    for (const unit of free) {
      if (!roomFor(held)) break;
      give(held, unit);
    }
  }
  return dealt;
}

export function createAssigner({ partitionsOf, lastUnits }: AssignerSources): Assigner {
  return {
    name: 'AortaCoPartitionedSticky',
    version: 1,
    protocol({ topics }) {
      return {
        name: this.name,
        metadata: assignerProtocol.MemberMetadata.encode({ version: this.version, topics, userData: Buffer.from(lastUnits().join(' ')) }),
      };
    },
    async assign({ members, topics }) {
      const units = [
        ...new Set(topics.flatMap((topic) => Array.from({ length: partitionsOf(topic) }, (_, p) => unitOf(partitionsOf(topic), p)))),
      ];
      const known = members.map(({ memberId, memberMetadata }) => {
        const had = assignerProtocol.MemberMetadata.decode(memberMetadata).userData?.toString() ?? '';
        return { id: memberId, had: new Set(had.split(' ')) };
      });
      return [...deal(units, known)].map(([memberId, held]) => {
        const mine = new Set(held);
        const assignment: Record<string, number[]> = {};
        for (const topic of topics) {
          const count = partitionsOf(topic);
          const partitions = Array.from({ length: count }, (_, p) => p).filter((p) => mine.has(unitOf(count, p)));
          if (partitions.length > 0) assignment[topic] = partitions;
        }
        return { memberId, memberAssignment: assignerProtocol.MemberAssignment.encode({ version: this.version, assignment }) };
      });
    },
  };
}
