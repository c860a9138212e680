/** Produce (version 7) and Fetch (version 11) requests with one result per partition; kafkajs throws the first error of all. */
import type { TopicPartition } from '../port.ts';
import type { FramedBody } from './frame.ts';
import { Encoder, type ProtocolPair } from './internals.ts';
import type { AbortedTransaction } from './records/decode.ts';

/** Error codes of the Kafka protocol that the adapter treats by name. */
export const code = {
  none: 0,
  offsetOutOfRange: 1,
  unknownTopicOrPartition: 3,
  leaderNotAvailable: 5,
  notLeader: 6,
  requestTimedOut: 7,
  brokerNotAvailable: 8,
  replicaNotAvailable: 9,
  messageTooLarge: 10,
  networkException: 13,
  recordListTooLarge: 18,
  notEnoughReplicas: 19,
  notEnoughReplicasAfterAppend: 20,
  topicAuthorizationFailed: 29,
  outOfOrderSequence: 45,
  duplicateSequence: 46,
  invalidProducerEpoch: 47,
  storageError: 56,
  unknownProducerId: 59,
  fencedLeaderEpoch: 74,
  unknownLeaderEpoch: 75,
  offsetNotAvailable: 78,
  memberIdRequired: 79,
} as const;

const names = new Map<number, string>(Object.entries(code).map(([name, number]) => [number, name]));
export const nameOfCode = (number: number): string => names.get(number) ?? `error ${number}`;

const passing = new Set<number>([
  code.unknownTopicOrPartition,
  code.leaderNotAvailable,
  code.notLeader,
  code.requestTimedOut,
  code.brokerNotAvailable,
  code.replicaNotAvailable,
  code.networkException,
  code.notEnoughReplicas,
  code.notEnoughReplicasAfterAppend,
  code.storageError,
  code.fencedLeaderEpoch,
  code.unknownLeaderEpoch,
  code.offsetNotAvailable,
]);
export const isPassingCode = (number: number): boolean => passing.has(number);

/** Reads the fields of an answer one after the other. */
export class Reader {
  readonly data: Buffer;
  at = 0;
  constructor(data: Buffer) {
    this.data = data;
  }
  int16(): number {
    this.at += 2;
    return this.data.readInt16BE(this.at - 2);
  }
  int32(): number {
    this.at += 4;
    return this.data.readInt32BE(this.at - 4);
  }
  int64(): bigint {
    this.at += 8;
    return this.data.readBigInt64BE(this.at - 8);
  }
  /** Offsets and counts: far below 2^53; -1 stays -1. */
  offset(): number {
    return Number(this.int64());
  }
  /** Empty where the field is null. */
  text(): string {
    const length = Math.max(0, this.int16());
    this.at += length;
    return this.data.toString('utf8', this.at - length, this.at);
  }
  bytes(): Buffer {
    const length = Math.max(0, this.int32());
    this.at += length;
    return this.data.subarray(this.at - length, this.at);
  }
}

export interface ProducePartition {
  readonly topic: string;
  readonly partition: number;
  readonly batch: FramedBody;
}

export interface ProduceResult {
  readonly topic: string;
  readonly partition: number;
  readonly errorCode: number;
  readonly baseOffset: number;
}

/** Groups by topic, keeping the order of first appearance. */
function byTopic<T extends { readonly topic: string }>(items: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(item.topic);
    if (group) group.push(item);
    else groups.set(item.topic, [item]);
  }
  return groups;
}

/** The body of a produce request, version 7: no transaction, acks=all, then each topic with its partitions' batches. */
function produceBody(groups: ReadonlyMap<string, readonly ProducePartition[]>, timeoutMs: number): FramedBody {
  let size = 2 + 2 + 4 + 4;
  for (const [topic, members] of groups) {
    size += 2 + Buffer.byteLength(topic) + 4;
    for (const { batch } of members) size += 8 + batch.size;
  }
  return {
    size,
    write(into, start) {
      let at = into.writeInt16BE(-1, start);
      at = into.writeInt16BE(-1, at);
      at = into.writeInt32BE(timeoutMs, at);
      at = into.writeInt32BE(groups.size, at);
      for (const [topic, members] of groups) {
        const length = into.write(topic, at + 2, 'utf8');
        into.writeInt16BE(length, at);
        at = into.writeInt32BE(members.length, at + 2 + length);
        for (const { partition, batch } of members) {
          at = into.writeInt32BE(partition, at);
          at = into.writeInt32BE(batch.size, at);
          batch.write(into, at);
          at += batch.size;
        }
      }
    },
  };
}

/** acks=all; `timeoutMs` is how long the broker waits for the in-sync replicas. */
export function produceRequest(
  partitions: readonly ProducePartition[],
  timeoutMs: number,
  memory?: (bytes: number) => Buffer,
): ProtocolPair<readonly ProduceResult[]> {
  const body = produceBody(byTopic(partitions), timeoutMs);
  const frame: FramedBody = memory ? { ...body, memory } : body;
  return {
    request: {
      apiKey: 0,
      apiVersion: 7,
      apiName: 'Produce',
      frame,
      // For a kafkajs whose connections were loaded before internals.ts could give them frames.
      async encode() {
        const body = Buffer.allocUnsafe(frame.size);
        frame.write(body, 0);
        return new Encoder(frame.size).writeBuffer(body);
      },
    },
    response: {
      async decode(data) {
        const reader = new Reader(data);
        const results: ProduceResult[] = [];
        for (let topics = reader.int32(); topics > 0; topics--) {
          const topic = reader.text();
          for (let count = reader.int32(); count > 0; count--) {
            const partition = reader.int32();
            const errorCode = reader.int16();
            const baseOffset = reader.offset();
            reader.at += 16; // log append time, log start offset
            results.push({ topic, partition, errorCode, baseOffset });
          }
        }
        return { results, clientSideThrottleTime: reader.int32() };
      },
      parse: async (decoded) => (decoded as { results: ProduceResult[] }).results,
    },
  };
}

export interface FetchPartition {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

export interface Fetched {
  readonly topic: string;
  readonly partition: number;
  readonly errorCode: number;
  /** High watermark: the offset that the next record will get, once replicated. */
  readonly end: number;
  readonly start: number;
  readonly aborted: readonly AbortedTransaction[];
  readonly batches: Buffer;
}

export interface FetchLimits {
  readonly maxWaitMs: number;
  readonly maxBytes: number;
  readonly maxBytesPerPartition: number;
}

/** What a fetch request of a session names. */
export interface SessionPart {
  readonly id: number;
  readonly epoch: number;
  readonly partitions: readonly FetchPartition[];
  readonly forgotten: readonly TopicPartition[];
}

/** The answer to a question of a session. With an error of the session itself nothing is answered. */
export interface SessionFetched {
  readonly fetched: readonly Fetched[];
  readonly session: number;
  readonly sessionError: number;
}

const noSession: Omit<SessionPart, 'partitions'> = { id: 0, epoch: -1, forgotten: [] };

/** Read committed, no fetch session: the list is short. */
export function fetchRequest(partitions: readonly FetchPartition[], limits: FetchLimits): ProtocolPair<readonly Fetched[]> {
  const { request, response, ...rest } = sessionFetchRequest({ ...noSession, partitions }, limits);
  const parse = async (decoded: unknown) => {
    const { fetched, sessionError } = decoded as SessionFetched;
    return sessionError === 0 ? fetched : fetched.map((each) => ({ ...each, errorCode: sessionError }));
  };
  return { ...rest, request, response: { decode: response.decode, parse } };
}

/** The same within a fetch session (fetchSession.ts): only what has changed is named. */
export function sessionFetchRequest({ id, epoch, partitions, forgotten }: SessionPart, limits: FetchLimits): ProtocolPair<SessionFetched> {
  return {
    requestTimeout: limits.maxWaitMs + 5000,
    request: {
      apiKey: 1,
      apiVersion: 11,
      apiName: 'Fetch',
      async encode() {
        const groups = byTopic(partitions);
        const encoder = new Encoder(partitions.length * 40 + 256)
          .writeInt32(-1)
          .writeInt32(limits.maxWaitMs)
          .writeInt32(1)
          .writeInt32(limits.maxBytes)
          .writeInt8(1)
          .writeInt32(id)
          .writeInt32(epoch)
          .writeInt32(groups.size);
        for (const [topic, members] of groups) {
          encoder.writeString(topic).writeInt32(members.length);
          for (const { partition, offset } of members) {
            encoder.writeInt32(partition).writeInt32(-1).writeInt64(offset).writeInt64(-1).writeInt32(limits.maxBytesPerPartition);
          }
        }
        const left = byTopic(forgotten);
        encoder.writeInt32(left.size);
        for (const [topic, members] of left) {
          encoder.writeString(topic).writeInt32(members.length);
          for (const { partition } of members) encoder.writeInt32(partition);
        }
        return encoder.writeString('');
      },
    },
    response: {
      async decode(data) {
        const reader = new Reader(data);
        const clientSideThrottleTime = reader.int32();
        const sessionError = reader.int16();
        const session = reader.int32();
        const fetched: Fetched[] = [];
        for (let topics = reader.int32(); topics > 0; topics--) {
          const topic = reader.text();
          for (let count = reader.int32(); count > 0; count--) {
            const partition = reader.int32();
            const errorCode = reader.int16();
            const end = reader.offset();
            reader.at += 8; // last stable offset
            const start = reader.offset();
            const aborted: AbortedTransaction[] = [];
            for (let transactions = reader.int32(); transactions > 0; transactions--) {
              aborted.push({ producerId: reader.int64(), firstOffset: reader.offset() });
            }
            reader.at += 4; // preferred read replica
            fetched.push({ topic, partition, errorCode, end, start, aborted, batches: reader.bytes() });
          }
        }
        return { fetched, session, sessionError, clientSideThrottleTime };
      },
      parse: async (decoded) => decoded as SessionFetched,
    },
  };
}
