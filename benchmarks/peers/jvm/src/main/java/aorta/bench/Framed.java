package aorta.bench;

import aorta.hl7.Hl7Adt;

/** An event and the schema id that its bytes began with: every peer writes with the id that it reads. */
record Framed(int schemaId, Hl7Adt event) {
  private static final String keyPrefix = "01BENCH";

  /** What every peer does between decode and encode. Decoded for us alone, the event may be changed in place. */
  Framed transformed() {
    event.setSender("BENCH|OUT");
    return this;
  }

  boolean is(String trigger) {
    return event.getEvent().equals(trigger);
  }

  /** Its place among those of its patient. */
  int seq() {
    return Integer.parseInt(event.getControlId());
  }

  /** Milliseconds that the call for this event takes, the same for every peer. */
  int callTime(Task task) {
    long patient = Long.parseLong(event.getPatientId(), keyPrefix.length(), event.getPatientId().length(), 10);
    long spread = task.callToMs() - task.callFromMs() + 1;
    return task.callFromMs() + (int) ((seq() * 7919L + patient * 104_729L) % spread);
  }
}
