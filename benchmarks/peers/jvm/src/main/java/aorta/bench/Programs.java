package aorta.bench;

/** The programs of this jar by name: the first argument of the process. */
final class Programs {
  private Programs() {}

  static Running start(String program, Task task) throws Exception {
    return switch (program) {
      case "streams" -> StreamsPeer.start(task, StreamsSettings.defaults());
      case "streams-tuned" -> StreamsPeer.start(task, StreamsSettings.tuned());
      case "streams-eos" -> StreamsPeer.start(task, StreamsSettings.exactlyOnce());
      case "streams-memory" -> StreamsPeer.start(task, StreamsSettings.inMemory());
      case "parallel-consumer" -> ParallelThreads.start(task);
      case "parallel-consumer-reactor" -> ParallelReactor.start(task);
      case "hapi" -> HapiListener.start(task);
      default -> throw new IllegalArgumentException("there is no program " + program);
    };
  }
}
