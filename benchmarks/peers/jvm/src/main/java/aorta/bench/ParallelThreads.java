package aorta.bench;

import io.confluent.parallelconsumer.ParallelStreamProcessor;
import java.time.Duration;
import java.util.List;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;

/** Its core mode: a thread for each call under way. {@code pollAndProduce} waits for the broker's acknowledgement. */
final class ParallelThreads {
  private ParallelThreads() {}

  static Running start(Task task) {
    KafkaProducer<String, byte[]> producer = ParallelSettings.producer(task);
    String output = task.output();
    ParallelStreamProcessor<String, byte[]> consumer =
        ParallelStreamProcessor.createEosStreamProcessor(ParallelSettings.options(task).producer(producer).build());
    consumer.subscribe(List.of(task.input()));
    consumer.pollAndProduce(
        context -> {
          var record = context.getSingleConsumerRecord();
          Framed framed = FramedSerde.decode(record.value());
          int ms = framed.callTime(task);
          try {
            if (ms > 0) Thread.sleep(ms);
          } catch (InterruptedException cause) {
            throw new IllegalStateException(cause);
          }
          return new ProducerRecord<>(output, record.key(), FramedSerde.encode(framed.transformed()));
        });
    return () -> {
      consumer.closeDrainFirst(Duration.ofSeconds(15));
      producer.close(Duration.ofSeconds(1));
    };
  }
}
