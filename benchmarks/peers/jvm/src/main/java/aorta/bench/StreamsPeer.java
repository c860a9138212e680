package aorta.bench;

import java.time.Duration;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.kstream.Branched;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Produced;

/** Kafka Streams: the works map, route and fold. Keys stay bytes, as nobody looks at them. */
final class StreamsPeer {
  private static final FramedSerde framed = new FramedSerde();
  private static final Produced<byte[], Framed> produced = Produced.with(Serdes.ByteArray(), framed);

  private StreamsPeer() {}

  static Running start(Task task, StreamsSettings settings) {
    StreamsBuilder builder = new StreamsBuilder();
    KStream<byte[], Framed> source = builder.stream(task.input(), Consumed.with(Serdes.ByteArray(), framed));
    switch (task.work()) {
      case "map" -> source.mapValues(Framed::transformed).to(task.output(), produced);
      case "route" -> route(source, task);
      case "fold" -> {
        builder.addStateStore(Fold.store(settings.memoryStore()));
        source.processValues(Fold::new, Fold.name).to(task.output(), produced);
      }
      default -> throw new IllegalArgumentException("this peer cannot do " + task.work());
    }
    Properties properties = new Properties();
    properties.putAll(settings.properties());
    properties.put(StreamsConfig.APPLICATION_ID_CONFIG, task.name());
    properties.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, task.brokers());
    properties.put(StreamsConfig.STATE_DIR_CONFIG, task.scratch().toString());
    properties.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
    KafkaStreams streams = new KafkaStreams(builder.build(properties), properties);
    streams.setUncaughtExceptionHandler(
        cause -> {
          Main.fail(cause);
          return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
    streams.start();
    return () -> streams.close(Duration.ofSeconds(15));
  }

  private static void route(KStream<byte[], Framed> source, Task task) {
    source
        .filterNot((key, value) -> value.is("A08"))
        .mapValues(Framed::transformed)
        .split()
        .branch((key, value) -> value.is("A01"), to(task.output("admissions")))
        .branch((key, value) -> value.is("A02"), to(task.output("transfers")))
        .branch((key, value) -> value.is("A03"), to(task.output("discharges")))
        .noDefaultBranch();
  }

  private static Branched<byte[], Framed> to(String topic) {
    return Branched.withConsumer(branch -> branch.to(topic, produced));
  }
}
