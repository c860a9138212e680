package aorta.bench;

import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What the runner asks for: see {@code benchmarks/peers/README.md} for each variable. */
record Task(
    String work,
    String name,
    String brokers,
    Path scratch,
    String input,
    Map<String, String> outputs,
    int patients,
    int callFromMs,
    int callToMs,
    int inFlight,
    int port) {

  static Task fromEnvironment() {
    String[] call = text("BENCH_CALL_MS", "0-0").split("-");
    return new Task(
        text("BENCH_WORK", ""),
        text("BENCH_NAME", null),
        text("BENCH_BROKERS", null),
        Path.of(text("BENCH_SCRATCH", System.getProperty("java.io.tmpdir"))),
        text("BENCH_INPUT", ""),
        Stream.of(text("BENCH_OUTPUTS", "").split(","))
            .filter(pair -> !pair.isEmpty())
            .map(pair -> pair.split("=", 2))
            .collect(Collectors.toMap(pair -> pair[0], pair -> pair[1])),
        Integer.parseInt(text("BENCH_PATIENTS", "1")),
        Integer.parseInt(call[0]),
        Integer.parseInt(call[call.length - 1]),
        Integer.parseInt(text("BENCH_IN_FLIGHT", "0")),
        Integer.parseInt(text("BENCH_PORT", "0")));
  }

  /** The topic of a task with one output. */
  String output() {
    return output("out");
  }

  String output(String label) {
    String topic = outputs.get(label);
    if (topic == null) throw new IllegalArgumentException("there is no output called " + label);
    return topic;
  }

  /** Calls under way at once; without a bound of the workload, the patients' own order is the bound. */
  int concurrency() {
    return inFlight > 0 ? inFlight : patients;
  }

  private static String text(String name, String otherwise) {
    String value = System.getenv(name);
    if (value != null) return value;
    if (otherwise != null) return otherwise;
    throw new IllegalArgumentException(name + " is not set: this process is started by the benchmark runner");
  }
}
