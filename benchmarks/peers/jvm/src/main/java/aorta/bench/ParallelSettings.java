package aorta.bench;

import io.confluent.parallelconsumer.ParallelConsumerOptions;
import io.confluent.parallelconsumer.ParallelConsumerOptions.CommitMode;
import io.confluent.parallelconsumer.ParallelConsumerOptions.ProcessingOrder;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** Confluent Parallel Consumer as both of its modes use it here: in the order of a key, results before offsets. */
final class ParallelSettings {
  private ParallelSettings() {}

  /** Acks=all and idempotence are the producer's defaults; so is no linger, which would lengthen every turn. */
  static KafkaProducer<String, byte[]> producer(Task task) {
    Properties properties = new Properties();
    properties.put(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, task.brokers());
    properties.put(ProducerConfig.CLIENT_ID_CONFIG, task.name());
    properties.put(ProducerConfig.BATCH_SIZE_CONFIG, 256 << 10);
    return new KafkaProducer<>(properties, new StringSerializer(), new ByteArraySerializer());
  }

  static ParallelConsumerOptions.ParallelConsumerOptionsBuilder<String, byte[]> options(Task task) {
    Properties properties = new Properties();
    properties.put(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, task.brokers());
    properties.put(ConsumerConfig.GROUP_ID_CONFIG, task.name());
    properties.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
    properties.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
    // At 500, the default, the poller and not the calls would be the bound.
    properties.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, 5_000);
    return ParallelConsumerOptions.<String, byte[]>builder()
        .consumer(new KafkaConsumer<>(properties, new StringDeserializer(), new ByteArrayDeserializer()))
        .ordering(ProcessingOrder.KEY)
        .commitMode(CommitMode.PERIODIC_CONSUMER_ASYNCHRONOUS)
        .maxConcurrency(task.concurrency());
  }
}
