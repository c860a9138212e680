/** A metadata request (version 4) that tells each topic's own state; kafkajs rejects the whole answer when one of them is unknown. */
import { Encoder, type PartitionMetadata, type ProtocolPair } from './internals.ts';
import { code, Reader } from './protocol.ts';

export interface TopicMetadata {
  readonly topic: string;
  readonly errorCode: number;
  readonly partitions: readonly PartitionMetadata[];
}

/** Asks for these topics only, and makes none. */
export function metadataRequest(topics: readonly string[]): ProtocolPair<readonly TopicMetadata[]> {
  return {
    request: {
      apiKey: 3,
      apiVersion: 4,
      apiName: 'Metadata',
      async encode() {
        const encoder = new Encoder(topics.length * 64 + 64).writeInt32(topics.length);
        for (const topic of topics) encoder.writeString(topic);
        return encoder.writeInt8(0);
      },
    },
    response: {
      async decode(data) {
        const reader = new Reader(data);
        const clientSideThrottleTime = reader.int32();
        for (let brokers = reader.int32(); brokers > 0; brokers--) {
          reader.at += 4; // node id
          reader.text();
          reader.at += 4; // port
          reader.text(); // rack
        }
        reader.text(); // cluster id
        reader.at += 4; // controller
        const results: TopicMetadata[] = [];
        for (let count = reader.int32(); count > 0; count--) {
          const errorCode = reader.int16();
          const topic = reader.text();
          reader.at += 1; // internal
          const partitions: PartitionMetadata[] = [];
          for (let left = reader.int32(); left > 0; left--) {
            reader.at += 2; // an error of the partition shows as a leader of -1
            partitions.push({ partitionId: reader.int32(), leader: reader.int32() });
            for (let lists = 2; lists > 0; lists--) for (let nodes = reader.int32(); nodes > 0; nodes--) reader.int32();
          }
          results.push({ topic, errorCode, partitions });
        }
        return { results, clientSideThrottleTime };
      },
      parse: async (decoded) => (decoded as { results: TopicMetadata[] }).results,
    },
  };
}

/** The broker that answered has no such topic: it was deleted, never made, or made a moment ago and not told to it yet. */
export const isUnknown = ({ errorCode }: TopicMetadata): boolean => errorCode === code.unknownTopicOrPartition;
