package aorta.bench;

import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.streams.StreamsConfig;

/** What is set beside addresses and names. Everything else is Kafka Streams' default, acks=all among it. */
record StreamsSettings(Properties properties, boolean memoryStore) {
  static StreamsSettings defaults() {
    return new StreamsSettings(new Properties(), false);
  }

  /** At least once, for a machine of two cores: a thread on each, large batches, deep fetches. */
  static StreamsSettings tuned() {
    Properties properties = new Properties();
    properties.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 2);
    properties.put(StreamsConfig.BUFFERED_RECORDS_PER_PARTITION_CONFIG, 5_000);
    properties.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 128L << 20);
    properties.put(StreamsConfig.producerPrefix(ProducerConfig.BATCH_SIZE_CONFIG), 256 << 10);
    properties.put(StreamsConfig.producerPrefix(ProducerConfig.LINGER_MS_CONFIG), 5);
    properties.put(StreamsConfig.producerPrefix(ProducerConfig.BUFFER_MEMORY_CONFIG), 64L << 20);
    properties.put(StreamsConfig.mainConsumerPrefix(ConsumerConfig.MAX_POLL_RECORDS_CONFIG), 5_000);
    properties.put(StreamsConfig.mainConsumerPrefix(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG), 4 << 20);
    return new StreamsSettings(properties, false);
  }

  /** The same in Kafka transactions; their interval is the default of 100 ms. */
  static StreamsSettings exactlyOnce() {
    Properties properties = tuned().properties();
    properties.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    return new StreamsSettings(properties, false);
  }

  /** State on the heap and nowhere else: gone with the process. */
  static StreamsSettings inMemory() {
    return new StreamsSettings(tuned().properties(), true);
  }
}
