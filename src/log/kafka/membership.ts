/**
 * One member of a consumer group: join, heartbeats, commits, leave. Built on kafkajs's ConsumerGroup for the join and on
 * requests of its own for the rest.
 *
 * K1: heartbeats come from a timer for as long as partitions are held, also while handlers run or partitions drain.
 * K2: a commit names the generation and member it was made under; the coordinator refuses it once they have changed.
 */
import { sleep } from '../../clock/system.ts';
import { error } from '../../errors/index.ts';
import type { Commit, TopicPartition } from '../port.ts';
import { createAssigner, unitOf } from './assigner.ts';
import { type Connect, closeCluster, followTopics, kafkaLogger, openCluster, type Surroundings, shortRetries } from './cluster.ts';
import { type Assigner, type Broker, type Cluster, ConsumerGroup, InstrumentationEventEmitter } from './internals.ts';
import { memberIdRequest } from './memberId.ts';
import { backoff, isEvicted, isPassing, isRebalancing, typeOf, unreachable, within } from './problems.ts';

/** Milliseconds until every broker knows a topic that was just made. */
const newTopicMs = 2_000;

export interface MembershipOptions {
  readonly group: string;
  readonly topics: readonly string[];
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly heartbeatMs: number;
  readonly commitTimeoutMs: number;
}

/** Why an assignment ends. */
export type Ending = 'rebalance' | 'lost';

/** Group generation and member id: what the coordinator checks commits and heartbeats against. */
export interface Seat {
  readonly generationId: number;
  readonly memberId: string;
  readonly partitions: readonly TopicPartition[];
}

/** Kafka's limit (offset.metadata.max.bytes). Metadata is a hint: too long, it is left out. */
const maxMetadataBytes = 4096;

const joinSlackMs = 10_000;

export class Membership {
  readonly cluster: Cluster;
  readonly #options: MembershipOptions;
  readonly #around: Surroundings;
  readonly #group: ConsumerGroup;
  #lastUnits: readonly string[] = [];
  #coordinator: Broker | undefined;
  #stopBeating: () => void = () => {};
  readonly #connect: Connect;
  readonly #assigner: Assigner;
  /** It has joined, and its connection to the coordinator is free. */
  #seated = false;
  /** No join any more. */
  #left = false;
  /** Monotonic milliseconds of the last heartbeat that was answered. */
  #answered = 0;

  constructor(connect: Connect, options: MembershipOptions, around: Surroundings) {
    this.#connect = connect;
    this.#options = options;
    this.#around = around;
    this.cluster = openCluster(connect, around.telemetry, { retries: 5 });
    const assigner = createAssigner({
      partitionsOf: (topic) => this.cluster.findTopicPartitionMetadata(topic).length,
      lastUnits: () => this.#lastUnits,
    });
    this.#assigner = {
      ...assigner,
      protocol: (of) => {
        // Asked before each try: kafkajs joins anew, as a member that nobody knows, when this one has left meanwhile.
        if (this.#left) throw error('AORTA_LOG_016', { operation: 'join' });
        return assigner.protocol(of);
      },
    };
    this.#group = new ConsumerGroup({
      retry: { ...shortRetries, retries: 10 },
      cluster: this.cluster,
      groupId: options.group,
      topics: [...options.topics],
      topicConfigurations: Object.fromEntries(options.topics.map((topic) => [topic, { fromBeginning: true }])),
      logger: kafkaLogger(around.telemetry),
      instrumentationEmitter: new InstrumentationEventEmitter(),
      assigners: [this.#assigner],
      sessionTimeout: options.sessionTimeoutMs,
      rebalanceTimeout: options.rebalanceTimeoutMs,
      autoCommit: false,
      isolationLevel: 1,
      rackId: '',
      metadataMaxAge: 300_000,
    });
  }

  /** False when no heartbeat was answered for a session: the group may have given the partitions away. */
  get fresh(): boolean {
    return this.#around.clock.monotonic() - this.#answered <= this.#options.sessionTimeoutMs;
  }

  /** Milliseconds since the last heartbeat that was answered was sent. */
  get heartbeatAgeMs(): number {
    return this.#around.clock.monotonic() - this.#answered;
  }

  /** AORTA_LOG_002 for a topic that does not exist, AORTA_LOG_008 when no broker answers. */
  async connect(): Promise<void> {
    const deadline = this.#around.clock.monotonic() + newTopicMs;
    for (;;) {
      const found = within(this.#around.clock, this.#options.commitTimeoutMs, 'connect', followTopics(this.cluster, this.#options.topics));
      const [missing] = await found.catch((thrown) => {
        throw unreachable('connect', thrown);
      });
      if (missing === undefined) return;
      if (this.#around.clock.monotonic() > deadline) throw error('AORTA_LOG_002', { topic: missing });
      await sleep(this.#around.clock, 100);
    }
  }

  /** Waits until every member of the group has joined: at most the rebalance time-out. */
  async join(): Promise<Seat> {
    this.#seated = false;
    await this.#joinWhenLoaded();
    this.#seated = true;
    const { generationId, memberId, coordinator } = this.#group;
    this.#coordinator = coordinator ?? undefined;
    const partitions = this.#group
      .assigned()
      .flatMap(({ topic, partitions }) => partitions.map((partition) => ({ topic, partition })))
      .sort((a, b) => (a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1));
    this.#lastUnits = [...new Set(partitions.map((tp) => unitOf(this.cluster.findTopicPartitionMetadata(tp.topic).length, tp.partition)))];
    return { generationId: generationId as number, memberId: memberId as string, partitions };
  }

  /** A coordinator that has just taken the group over answers "loading" for a moment, and kafkajs gives up on it. */
  async #joinWhenLoaded(): Promise<void> {
    const { clock, random } = this.#around;
    const deadline = clock.monotonic() + this.#options.rebalanceTimeoutMs;
    for (let attempt = 0; ; attempt++) {
      try {
        // The broker answers within the rebalance time-out; a silent one must not be waited for.
        return await within(clock, this.#options.rebalanceTimeoutMs + joinSlackMs, 'join', this.#joinKnown());
      } catch (thrown) {
        const type = typeOf(thrown);
        if ((type !== 'GROUP_LOAD_IN_PROGRESS' && type !== 'GROUP_COORDINATOR_NOT_AVAILABLE') || clock.monotonic() >= deadline)
          throw thrown;
      }
      await new Promise<void>((resolve) => void clock.after(backoff(random, attempt, 50, 1000), resolve));
    }
  }

  /** The coordinator names a new member before it lets it wait for the others: known here, so that it can leave meanwhile. */
  async #joinKnown(): Promise<void> {
    const { group, topics, sessionTimeoutMs, rebalanceTimeoutMs } = this.#options;
    if (!this.#group.memberId) {
      const coordinator = await this.cluster.findGroupCoordinator({ groupId: group });
      const protocols = [this.#assigner.protocol({ topics })];
      const asked = memberIdRequest({ group, sessionTimeoutMs, rebalanceTimeoutMs, protocols });
      this.#group.memberId = await coordinator.connectionPool.send(asked);
    }
    await this.#group.joinAndSync();
  }

  /** Beats until `stopHeartbeats`. `onEnding` is called at most once with each reason. */
  startHeartbeats(seat: Seat, onEnding: (ending: Ending) => void): void {
    this.#stopBeating();
    const { clock } = this.#around;
    const { sessionTimeoutMs, heartbeatMs, group } = this.#options;
    let stopped = false;
    let cancel = () => {};
    this.#answered = clock.monotonic();
    this.#stopBeating = () => {
      stopped = true;
      cancel();
    };
    const beat = async (): Promise<void> => {
      const sent = clock.monotonic();
      try {
        const request = { groupId: group, groupGenerationId: seat.generationId, memberId: seat.memberId };
        const answer = this.#findCoordinator().then((coordinator) => coordinator.heartbeat(request));
        await within(clock, Math.max(heartbeatMs, sessionTimeoutMs / 3), 'heartbeat', answer);
        this.#answered = sent;
      } catch (thrown) {
        if (stopped) return;
        if (isRebalancing(thrown)) {
          // The coordinator counts this as a sign of life: the session goes on while partitions drain.
          this.#answered = sent;
          onEnding('rebalance');
        } else if (isEvicted(thrown)) {
          // The next join asks for a new id.
          if (typeOf(thrown) === 'UNKNOWN_MEMBER_ID') this.#group.memberId = null;
          return onEnding('lost');
        } else {
          // No answer: the connection may be dead without knowing it.
          void this.#coordinator?.disconnect().catch(() => {});
          this.#coordinator = undefined;
        }
      }
      if (stopped) return;
      if (!this.fresh) return onEnding('lost');
      cancel = clock.after(heartbeatMs, () => void beat());
    };
    cancel = clock.after(heartbeatMs, () => void beat());
  }

  stopHeartbeats(): void {
    this.#stopBeating();
  }

  /** Fenced (AORTA_LOG_005) when the seat is no longer current, AORTA_LOG_008 when the coordinator stays away. */
  async commit(seat: Seat, offsets: readonly Commit[]): Promise<void> {
    const byTopic = new Map<string, { partition: number; offset: string; metadata: string | null }[]>();
    for (const { topic, partition, offset, metadata } of offsets) {
      const entry = {
        partition,
        offset: String(offset),
        metadata: metadata !== undefined && Buffer.byteLength(metadata) <= maxMetadataBytes ? metadata : null,
      };
      const list = byTopic.get(topic);
      if (list) list.push(entry);
      else byTopic.set(topic, [entry]);
    }
    const topics = [...byTopic].map(([topic, partitions]) => ({ topic, partitions }));
    const { group } = this.#options;
    try {
      await this.#asking('commit', (coordinator) =>
        coordinator.offsetCommit({ groupId: group, memberId: seat.memberId, groupGenerationId: seat.generationId, topics }),
      );
    } catch (thrown) {
      if (!isEvicted(thrown) && !isRebalancing(thrown)) throw unreachable('commit', thrown);
      const [first] = offsets;
      throw error('AORTA_LOG_005', { group, topic: first?.topic ?? '', partition: first?.partition ?? -1 }, { cause: thrown });
    }
  }

  /** Committed offsets of those partitions that have one. */
  async committed(partitions: readonly TopicPartition[]): Promise<readonly Commit[]> {
    if (partitions.length === 0) return [];
    const topics = [...new Set(partitions.map(({ topic }) => topic))].map((topic) => ({
      topic,
      partitions: partitions.filter((tp) => tp.topic === topic).map(({ partition }) => ({ partition })),
    }));
    const { responses } = await this.#asking('committed offsets', (coordinator) =>
      coordinator.offsetFetch({ groupId: this.#options.group, topics }),
    );
    return responses.flatMap(({ topic, partitions: found }) =>
      found.filter(({ offset }) => Number(offset) >= 0).map(({ partition, offset }) => ({ topic, partition, offset: Number(offset) })),
    );
  }

  /**
   * Gives the seat up at once instead of letting the session expire: the others would wait for it as long. Nothing is joined
   * afterwards.
   */
  async leave(): Promise<void> {
    this.#stopBeating();
    this.#left = true;
    const { memberId } = this.#group;
    if (!memberId) return;
    const { group } = this.#options;
    const left = this.#seated
      ? this.#asking('leave group', (coordinator) => coordinator.leaveGroup({ groupId: group, memberId }))
      : this.#leaveBeside(memberId);
    await left.catch((thrown) => {
      if (!isEvicted(thrown)) throw unreachable('leave group', thrown);
    });
    this.#group.memberId = null;
  }

  /** While a join waits for the other members its connection takes no other request. */
  async #leaveBeside(memberId: string): Promise<void> {
    const { clock, telemetry } = this.#around;
    const { group, commitTimeoutMs } = this.#options;
    const beside = openCluster(this.#connect, telemetry);
    const left = async () => {
      await beside.connect();
      const coordinator = await beside.findGroupCoordinator({ groupId: group });
      await coordinator.leaveGroup({ groupId: group, memberId });
    };
    const leaving = left();
    const close = () => closeCluster(beside, clock, 1000);
    try {
      await within(clock, commitTimeoutMs, 'leave group', leaving);
    } catch (thrown) {
      // What it was just opening is closed when it gives up.
      void leaving.catch(() => {}).then(close);
      throw thrown;
    } finally {
      await close();
    }
  }

  close(): Promise<void> {
    this.#stopBeating();
    return closeCluster(this.cluster, this.#around.clock, 1000);
  }

  async #findCoordinator(): Promise<Broker> {
    this.#coordinator ??= await this.cluster.findGroupCoordinator({ groupId: this.#options.group });
    return this.#coordinator;
  }

  /** Asks the coordinator, looking for it anew when it has moved or its connection is gone, within the commit time-out. */
  async #asking<T>(operation: string, ask: (coordinator: Broker) => Promise<T>): Promise<T> {
    const { clock, random } = this.#around;
    const deadline = clock.monotonic() + this.#options.commitTimeoutMs;
    for (let attempt = 0; ; attempt++) {
      const left = deadline - clock.monotonic();
      try {
        return await within(clock, Math.max(1, left), operation, this.#findCoordinator().then(ask));
      } catch (thrown) {
        if (!isPassing(thrown) || clock.monotonic() >= deadline) throw thrown;
        this.#coordinator = undefined;
        if (typeOf(thrown) === undefined) await this.cluster.refreshMetadata().catch(() => {});
      }
      await new Promise<void>((resolve) => void clock.after(backoff(random, attempt, 50, 1000), resolve));
    }
  }
}
