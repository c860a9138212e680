import type { KafkaMessage } from 'kafkajs';

/** One transaction. */
export interface Step {
  /** Messages of one transaction at most. */
  readonly size: number;
  apply(partition: number, messages: readonly KafkaMessage[]): Promise<void>;
}
