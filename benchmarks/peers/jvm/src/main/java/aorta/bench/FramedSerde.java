package aorta.bench;

import aorta.hl7.Hl7Adt;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
import org.apache.avro.specific.SpecificDatumReader;
import org.apache.avro.specific.SpecificDatumWriter;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serializer;

/**
 * Confluent's frame (a zero byte, the schema id, Avro) with plain Avro inside, on generated classes. One reader, decoder
 * and buffer per thread are used again for every event.
 */
final class FramedSerde implements Serde<Framed> {
  private static final int header = 5;

  private static final class Codec {
    final SpecificDatumReader<Hl7Adt> reader = new SpecificDatumReader<>(Hl7Adt.class);
    final SpecificDatumWriter<Hl7Adt> writer = new SpecificDatumWriter<>(Hl7Adt.class);
    final ByteArrayOutputStream bytes = new ByteArrayOutputStream(2048);
    BinaryDecoder decoder;
    BinaryEncoder encoder;
  }

  private static final ThreadLocal<Codec> codecs = ThreadLocal.withInitial(Codec::new);

  static Framed decode(byte[] bytes) {
    if (bytes == null) return null;
    if (bytes.length < header || bytes[0] != 0) throw new SerializationException("not Confluent's frame");
    Codec codec = codecs.get();
    int schemaId = (bytes[1] & 255) << 24 | (bytes[2] & 255) << 16 | (bytes[3] & 255) << 8 | bytes[4] & 255;
    codec.decoder = DecoderFactory.get().binaryDecoder(bytes, header, bytes.length - header, codec.decoder);
    try {
      return new Framed(schemaId, codec.reader.read(null, codec.decoder));
    } catch (IOException cause) {
      throw new UncheckedIOException(cause);
    }
  }

  static byte[] encode(Framed framed) {
    if (framed == null) return null;
    Codec codec = codecs.get();
    int id = framed.schemaId();
    codec.bytes.reset();
    codec.bytes.write(0);
    codec.bytes.write(id >>> 24);
    codec.bytes.write(id >>> 16);
    codec.bytes.write(id >>> 8);
    codec.bytes.write(id);
    codec.encoder = EncoderFactory.get().binaryEncoder(codec.bytes, codec.encoder);
    try {
      codec.writer.write(framed.event(), codec.encoder);
      codec.encoder.flush();
    } catch (IOException cause) {
      throw new UncheckedIOException(cause);
    }
    return codec.bytes.toByteArray();
  }

  @Override
  public Serializer<Framed> serializer() {
    return (topic, framed) -> encode(framed);
  }

  @Override
  public Deserializer<Framed> deserializer() {
    return (topic, bytes) -> decode(bytes);
  }
}
