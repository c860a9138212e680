/**
 * The parts of kafkajs 2.2.4 that this adapter builds on, beyond its public API. kafkajs is frozen (last release 2023-02)
 * and has no `exports` map, so its classes can be used directly; `checkInternals` fails loudly (AORTA_LOG_012) when
 * another version is installed, instead of a rebalance going wrong at night.
 *
 * Used: Cluster (connections, metadata, coordinator), Broker (requests), ConsumerGroup (join and sync), the produce and
 * fetch request slots. Not used: Runner, FetchManager, Fetcher, Producer: there are the defects K1-K4, K7, K9, K11.
 */
import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import { error } from '../../errors/index.ts';
import { type FramedBody, type MakeRequest, withFrames } from './frame.ts';

const require = createRequire(import.meta.url);

export const pinnedVersion = '2.2.4';

/** Opens one connection; `onConnect` must be called when it stands. For networks that are reached through a proxy. */
export type OpenSocket = (to: {
  readonly host: string;
  readonly port: number;
  readonly ssl?: object;
  readonly onConnect: () => void;
}) => Socket;

/** A request that encodes itself and a response that decodes itself, as kafkajs's connections take them. */
export interface ProtocolPair<T> {
  readonly request: {
    readonly apiKey: number;
    readonly apiVersion: number;
    readonly apiName: string;
    encode(): Promise<unknown>;
    /** The body written by the request itself, into the one buffer that goes to the socket (frame.ts). */
    readonly frame?: FramedBody;
  };
  readonly response: { decode(data: Buffer): Promise<unknown>; parse(decoded: unknown): Promise<T> };
  readonly requestTimeout?: number;
}

export interface Connection {
  readonly socket?: { destroy(): void };
  readonly requestQueue: { rejectAll(reason: Error): void; destroy(): void };
}

export interface PartitionOffsets {
  readonly topic: string;
  readonly partitions: readonly { readonly partition: number; readonly offset: string }[];
}

export interface Broker {
  readonly nodeId: number;
  readonly connectionPool: { send<T>(pair: ProtocolPair<T>): Promise<T>; readonly pool: readonly Connection[] };
  disconnect(): Promise<void>;
  isConnected(): boolean;
  /** Empty list: every topic. Rejects when one topic of the list has an error. */
  metadata(topics: readonly string[]): Promise<{ topicMetadata: { topic: string; partitionMetadata: PartitionMetadata[] }[] }>;
  heartbeat(request: { groupId: string; groupGenerationId: number; memberId: string }): Promise<unknown>;
  leaveGroup(request: { groupId: string; memberId: string }): Promise<unknown>;
  initProducerId(request: { transactionTimeout: number }): Promise<{ producerId: string; producerEpoch: number }>;
  offsetCommit(request: {
    groupId: string;
    memberId: string;
    groupGenerationId: number;
    topics: { topic: string; partitions: { partition: number; offset: string; metadata: string | null }[] }[];
  }): Promise<unknown>;
  offsetFetch(request: {
    groupId: string;
    topics: { topic: string; partitions: { partition: number }[] }[];
  }): Promise<{ responses: PartitionOffsets[] }>;
  createTopics(request: {
    topics: {
      topic: string;
      numPartitions: number;
      replicationFactor: number;
      configEntries: { name: string; value: string }[];
    }[];
    timeout: number;
  }): Promise<unknown>;
  describeConfigs(request: {
    resources: { type: number; name: string; configNames: string[] }[];
    includeSynonyms: boolean;
  }): Promise<{ resources: { resourceName: string; configEntries: { configName: string; configValue: string }[] }[] }>;
  listOffsets(request: {
    isolationLevel: number;
    topics: { topic: string; partitions: { partition: number; timestamp: number }[] }[];
  }): Promise<{ responses: PartitionOffsets[] }>;
}

export interface PartitionMetadata {
  readonly partitionId: number;
  readonly leader: number;
}

export interface Cluster {
  readonly brokerPool: {
    readonly brokers: Readonly<Record<string, Broker>>;
    readonly seedBroker?: Broker;
    findConnectedBroker(): Promise<Broker>;
  };
  readonly targetTopics: Set<string>;
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  isConnected(): boolean;
  refreshMetadata(): Promise<void>;
  refreshMetadataIfNecessary(): Promise<void>;
  findBroker(request: { nodeId: number | string }): Promise<Broker>;
  findControllerBroker(): Promise<Broker>;
  findGroupCoordinator(request: { groupId: string }): Promise<Broker>;
  findTopicPartitionMetadata(topic: string): readonly PartitionMetadata[];
  removeBroker(address: { host: string; port: number }): void;
}

export interface Assigner {
  readonly name: string;
  readonly version: number;
  protocol(request: { topics: readonly string[] }): { name: string; metadata: Buffer };
  assign(request: {
    members: readonly { memberId: string; memberMetadata: Buffer }[];
    topics: readonly string[];
  }): Promise<{ memberId: string; memberAssignment: Buffer }[]>;
}

export interface ConsumerGroup {
  coordinator: Broker | null;
  generationId: number | null;
  memberId: string | null;
  connect(): Promise<void>;
  joinAndSync(): Promise<void>;
  leave(): Promise<void>;
  assigned(): { topic: string; partitions: number[] }[];
}

export interface Encoder {
  writeInt8(n: number): Encoder;
  writeInt16(n: number): Encoder;
  writeInt32(n: number): Encoder;
  writeInt64(n: number | bigint | string): Encoder;
  writeString(text: string | null): Encoder;
  writeBuffer(bytes: Buffer): Encoder;
}

export interface RequestQueue {
  pending: unknown[];
  throttledUntil: number;
  throttleCheckTimeoutId: NodeJS.Timeout | null;
  checkPendingRequests(): void;
  scheduleCheckPendingRequests(): void;
}

type Constructor<T> = new (options: Record<string, unknown>) => T;

const from = <T>(path: string): T => require(`kafkajs/src/${path}`) as T;

// Before anything that loads kafkajs's connections: they take the function from the module when they are loaded.
const requestModule = require.resolve('kafkajs/src/protocol/request.js');
export const framed = withFrames(from<MakeRequest>('protocol/request.js'));
(require.cache[requestModule] as NodeJS.Module).exports = framed;

export const Cluster: Constructor<Cluster> = from('cluster/index.js');
export const ConsumerGroup: Constructor<ConsumerGroup> = from('consumer/consumerGroup.js');
export const Encoder: new (initialSize?: number) => Encoder = from('protocol/encoder.js');
export const RequestQueue: { prototype: RequestQueue } = from('network/requestQueue/index.js');
export const SubscriptionState: { prototype: object } = from('consumer/subscriptionState.js');
export const Broker: { prototype: Broker } = from('broker/index.js');
export const Connection: { prototype: { connect(): Promise<unknown>; processData(data: Buffer): void } } = from('network/connection.js');
export const ConnectionPool: { prototype: object } = from('network/connectionPool.js');
export const InstrumentationEventEmitter: new () => unknown = from('instrumentation/emitter.js');
export const assignerProtocol: {
  MemberMetadata: {
    encode(m: { version: number; topics: readonly string[]; userData?: Buffer }): Buffer;
    decode(b: Buffer): { topics: string[]; userData: Buffer | null };
  };
  MemberAssignment: { encode(a: { version: number; assignment: Record<string, number[]> }): Buffer };
} = from('consumer/assignerProtocol.js');

/** Each class with the methods that must exist on it. */
const needed: readonly (readonly [string, { prototype: object }, readonly string[]])[] = [
  [
    'Cluster',
    Cluster as unknown as { prototype: object },
    [
      'connect',
      'disconnect',
      'refreshMetadata',
      'findBroker',
      'findControllerBroker',
      'findGroupCoordinator',
      'findTopicPartitionMetadata',
    ],
  ],
  ['ConsumerGroup', ConsumerGroup as unknown as { prototype: object }, ['connect', 'joinAndSync', 'leave', 'assigned']],
  [
    'Broker',
    Broker,
    [
      'metadata',
      'heartbeat',
      'leaveGroup',
      'initProducerId',
      'offsetCommit',
      'offsetFetch',
      'listOffsets',
      'createTopics',
      'describeConfigs',
      'disconnect',
    ],
  ],
  ['ConnectionPool', ConnectionPool, ['send']],
  ['Connection', Connection, ['connect', 'processData']],
  ['RequestQueue', RequestQueue, ['checkPendingRequests', 'scheduleCheckPendingRequests', 'fulfillRequest']],
  ['Encoder', Encoder as unknown as { prototype: object }, ['writeInt64', 'writeBuffer', 'writeString']],
];

/** What does not fit; empty for the pinned version. */
export function internalsMissing(): readonly string[] {
  const missing: string[] = [];
  for (const [name, type, methods] of needed) {
    for (const method of methods) {
      if (typeof (type.prototype as Record<string, unknown>)[method] !== 'function') missing.push(`${name}.${method}`);
    }
  }
  return missing;
}

export function checkInternals(version: string = (require('kafkajs/package.json') as { version: string }).version): void {
  const missing = internalsMissing();
  if (version !== pinnedVersion) throw error('AORTA_LOG_012', { version, problem: `version ${pinnedVersion} is needed` });
  if (missing.length > 0) throw error('AORTA_LOG_012', { version, problem: `it lacks ${missing.join(', ')}` });
}
