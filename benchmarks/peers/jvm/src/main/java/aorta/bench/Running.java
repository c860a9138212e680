package aorta.bench;

/** A started peer. */
interface Running {
  /** Finishes what is under way and lets go. */
  void stop() throws Exception;
}
