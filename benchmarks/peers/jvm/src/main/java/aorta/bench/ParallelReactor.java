package aorta.bench;

import io.confluent.parallelconsumer.reactor.ReactorProcessor;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/** Its Reactor module: calls are timers, no thread waits for one. A turn ends when the broker has acknowledged its result. */
final class ParallelReactor {
  private ParallelReactor() {}

  static Running start(Task task) {
    KafkaProducer<String, byte[]> producer = ParallelSettings.producer(task);
    String output = task.output();
    ReactorProcessor<String, byte[]> consumer =
        new ReactorProcessor<>(ParallelSettings.options(task).build(), Schedulers::parallel);
    consumer.subscribe(List.of(task.input()));
    consumer.react(
        context -> {
          var record = context.getSingleConsumerRecord();
          Framed framed = FramedSerde.decode(record.value());
          int ms = framed.callTime(task);
          Mono<Long> call = ms > 0 ? Mono.delay(Duration.ofMillis(ms)) : Mono.just(0L);
          return call.flatMap(
              none ->
                  Mono.fromFuture(
                      sent(producer, new ProducerRecord<>(output, record.key(), FramedSerde.encode(framed.transformed())))));
        });
    return () -> {
      consumer.closeDrainFirst(Duration.ofSeconds(15));
      producer.close(Duration.ofSeconds(5));
    };
  }

  private static CompletableFuture<RecordMetadata> sent(
      KafkaProducer<String, byte[]> producer, ProducerRecord<String, byte[]> record) {
    CompletableFuture<RecordMetadata> done = new CompletableFuture<>();
    producer.send(
        record,
        (metadata, cause) -> {
          if (cause == null) done.complete(metadata);
          else done.completeExceptionally(cause);
        });
    return done;
  }
}
