package aorta.bench;

import ca.uhn.hl7v2.DefaultHapiContext;
import ca.uhn.hl7v2.HL7Exception;
import ca.uhn.hl7v2.Version;
import ca.uhn.hl7v2.app.HL7Service;
import ca.uhn.hl7v2.model.Message;
import ca.uhn.hl7v2.parser.GenericModelClassFactory;
import ca.uhn.hl7v2.parser.Parser;
import ca.uhn.hl7v2.protocol.MetadataKeys;
import ca.uhn.hl7v2.protocol.ReceivingApplication;
import ca.uhn.hl7v2.protocol.ReceivingApplicationException;
import ca.uhn.hl7v2.util.Terser;
import ca.uhn.hl7v2.util.idgenerator.InMemoryIDGenerator;
import ca.uhn.hl7v2.validation.impl.ValidationContextFactory;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** HAPI's MLLP listener: a message is parsed, written to Kafka under its patient with acks=all, then acknowledged. */
final class HapiListener implements ReceivingApplication<Message> {
  private final KafkaProducer<String, byte[]> producer;
  private final String output;

  private HapiListener(KafkaProducer<String, byte[]> producer, String output) {
    this.producer = producer;
    this.output = output;
  }

  static Running start(Task task) throws InterruptedException, HL7Exception {
    Properties properties = new Properties();
    properties.put(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, task.brokers());
    properties.put(ProducerConfig.CLIENT_ID_CONFIG, task.name());
    properties.put(ProducerConfig.BATCH_SIZE_CONFIG, 256 << 10);
    KafkaProducer<String, byte[]> producer =
        new KafkaProducer<>(properties, new StringSerializer(), new ByteArraySerializer());
    DefaultHapiContext context = new DefaultHapiContext();
    // No classes for each message type and no rules of HL7: what is needed here is read by path.
    context.setModelClassFactory(new GenericModelClassFactory());
    context.setValidationContext(ValidationContextFactory.noValidation());
    // The default writes its high-water mark to a file in the working directory.
    context.getParserConfiguration().setIdGenerator(new InMemoryIDGenerator());
    readyForThreads(context.getGenericParser());
    // Kafka's answer about the topic is not to be the first sender's wait.
    producer.partitionsFor(task.output());
    HL7Service server = context.newServer(task.port(), false);
    server.registerApplication(new HapiListener(producer, task.output()));
    server.startAndWait();
    if (!server.isRunning()) throw new IllegalStateException("the listener did not start");
    return () -> {
      server.stopAndWait();
      producer.close();
      context.close();
    };
  }

  /**
   * HAPI (2.6.0) has one parser for all connections, and it fills what it knows of a version's structure while the first
   * message of that version is parsed, unguarded: another thread may see it half filled. Its NullPointerException is only
   * logged ({@code Receiver.Grunt}), and the message is never answered. So it is filled before there are threads.
   */
  private static void readyForThreads(Parser parser) throws HL7Exception {
    for (Version version : Version.values())
      parser.parse("MSH|^~\\&|||||||ADT^A01|1|P|" + version.getVersion() + "\rEVN|A01\rPID|1\rPV1|1\r");
  }

  @Override
  public boolean canProcess(Message message) {
    return true;
  }

  @Override
  public Message processMessage(Message message, Map<String, Object> metadata) throws ReceivingApplicationException, HL7Exception {
    String patient = new Terser(message).get("/.PID-3-1");
    byte[] raw = ((String) metadata.get(MetadataKeys.IN_RAW_MESSAGE)).getBytes(StandardCharsets.UTF_8);
    try {
      producer.send(new ProducerRecord<>(output, patient, raw)).get();
      return message.generateACK();
    } catch (InterruptedException | ExecutionException | IOException cause) {
      throw new ReceivingApplicationException(cause);
    }
  }
}
