package aorta.bench;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.processor.api.FixedKeyProcessor;
import org.apache.kafka.streams.processor.api.FixedKeyProcessorContext;
import org.apache.kafka.streams.processor.api.FixedKeyRecord;
import org.apache.kafka.streams.state.KeyValueBytesStoreSupplier;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

/**
 * The state of a patient: events, sum of their numbers, newest time, the newest eight control ids. A processor and not
 * {@code aggregate}, whose cache would write only some of the results.
 */
final class Fold implements FixedKeyProcessor<byte[], Framed, Framed> {
  static final String name = "patients";
  private static final int most = 8;

  record State(long count, long sum, long last, String[] recent) {}

  private FixedKeyProcessorContext<byte[], Framed> context;
  private KeyValueStore<byte[], State> states;

  /** On disk and in a changelog topic (RocksDB, the cache of Streams before it), or on the heap only. */
  static StoreBuilder<KeyValueStore<byte[], State>> store(boolean memory) {
    KeyValueBytesStoreSupplier supplier =
        memory ? Stores.inMemoryKeyValueStore(name) : Stores.persistentKeyValueStore(name);
    StoreBuilder<KeyValueStore<byte[], State>> builder =
        Stores.keyValueStoreBuilder(supplier, Serdes.ByteArray(), serde);
    return memory ? builder.withLoggingDisabled() : builder.withCachingEnabled().withLoggingEnabled(Map.of());
  }

  @Override
  public void init(FixedKeyProcessorContext<byte[], Framed> context) {
    this.context = context;
    this.states = context.getStateStore(name);
  }

  @Override
  public void process(FixedKeyRecord<byte[], Framed> record) {
    Framed framed = record.value().transformed();
    State before = states.get(record.key());
    State after = folded(before, framed);
    states.put(record.key(), after);
    framed.event().setProfile(after.count() + ":" + after.sum());
    context.forward(record.withValue(framed));
  }

  private static State folded(State before, Framed framed) {
    long at = framed.event().getOccurredAt().toEpochMilli();
    String id = framed.event().getControlId();
    if (before == null) return new State(1, framed.seq(), at, new String[] {id});
    int kept = Math.min(before.recent().length, most - 1);
    String[] recent = new String[kept + 1];
    System.arraycopy(before.recent(), before.recent().length - kept, recent, 0, kept);
    recent[kept] = id;
    return new State(before.count() + 1, before.sum() + framed.seq(), Math.max(before.last(), at), recent);
  }

  /** Three numbers, then each control id with its length. */
  private static final Serde<State> serde = Serdes.serdeFrom((topic, state) -> bytes(state), (topic, bytes) -> state(bytes));

  private static byte[] bytes(State state) {
    if (state == null) return null;
    int size = 25;
    for (String id : state.recent()) size += 1 + id.length();
    ByteBuffer buffer = ByteBuffer.allocate(size);
    buffer.putLong(state.count()).putLong(state.sum()).putLong(state.last()).put((byte) state.recent().length);
    for (String id : state.recent()) buffer.put((byte) id.length()).put(id.getBytes(StandardCharsets.ISO_8859_1));
    return buffer.array();
  }

  private static State state(byte[] bytes) {
    if (bytes == null) return null;
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    long count = buffer.getLong();
    long sum = buffer.getLong();
    long last = buffer.getLong();
    String[] recent = new String[buffer.get()];
    for (int i = 0; i < recent.length; i++) {
      int length = buffer.get();
      recent[i] = new String(bytes, buffer.position(), length, StandardCharsets.ISO_8859_1);
      buffer.position(buffer.position() + length);
    }
    return new State(count, sum, last, recent);
  }
}
