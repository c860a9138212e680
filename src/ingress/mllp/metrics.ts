import type { Counter, Histogram, Telemetry } from '../../telemetry/port.ts';

/** The metrics of MLLP ingress. Labels are codes and reasons: never a peer or a patient. Those by sender are in senders.ts. */
export interface MllpMetrics {
  /** Messages by verdict, as the original mode says it; `none` for acknowledgements, which have none. */
  answered(code: string): void;
  /** Acknowledgements sent; `none` for a message that asks for none. */
  acknowledged(code: string): void;
  /** Values of MSH-15 and MSH-16 that are not in table 0155. */
  unknownCondition(field: string): void;
  refused(reason: string, code: string): void;
  ignored(reason: string): void;
  closed(reason: string): void;
  connectionRefused(reason: string): void;
  tlsRefused(reason: string): void;
  readonly opened: Counter;
  readonly batches: Counter;
  readonly duplicates: Counter;
  readonly controlIdReused: Counter;
  readonly outsideBytes: Counter;
  readonly quarantineFailures: Counter;
  readonly quarantineDropped: Counter;
  readonly frameBytes: Histogram;
  readonly ackSeconds: Histogram;
}

export function mllpMetrics(telemetry: Telemetry): MllpMetrics {
  const kept = new Map<string, Counter>();
  const counter = (name: string, help: string, labels: Readonly<Record<string, string>> = {}): Counter => {
    const key = name + Object.values(labels).join();
    let found = kept.get(key);
    if (!found) {
      found = telemetry.counter(name, help, labels);
      kept.set(key, found);
    }
    return found;
  };
  return {
    answered: (code) =>
      counter('aorta_mllp_messages_total', 'Messages by verdict (acknowledgement code of the original mode).', { code }).inc(),
    acknowledged: (code) => counter('aorta_mllp_acknowledgements_total', 'Acknowledgements sent, by code.', { code }).inc(),
    unknownCondition: (field) =>
      counter('aorta_mllp_ack_condition_unknown_total', 'Values of MSH-15 and MSH-16 not in table 0155, treated as AL.', { field }).inc(),
    refused: (reason, code) => counter('aorta_mllp_refused_total', 'Input that was refused.', { reason, code }).inc(),
    ignored: (reason) => counter('aorta_mllp_ignored_total', 'Frames that are never answered.', { reason }).inc(),
    closed: (reason) => counter('aorta_mllp_connections_closed_total', 'Connections closed, by reason.', { reason }).inc(),
    connectionRefused: (reason) => counter('aorta_mllp_connections_refused_total', 'Connections refused, by limit.', { reason }).inc(),
    tlsRefused: (reason) => counter('aorta_mllp_tls_refused_total', 'TLS handshakes refused, by reason.', { reason }).inc(),
    opened: counter('aorta_mllp_connections_opened_total', 'Connections accepted.'),
    batches: counter('aorta_mllp_batches_total', 'Frames with a batch, or with more than one message.'),
    duplicates: counter('aorta_mllp_duplicates_total', 'Messages that came before and were acknowledged again without effect.'),
    controlIdReused: counter('aorta_mllp_control_id_reused_total', 'Messages whose MSH-10 was used before for other content.'),
    outsideBytes: counter('aorta_mllp_outside_bytes_total', 'Bytes outside of frames, skipped.'),
    quarantineFailures: counter('aorta_mllp_quarantine_failures_total', 'Refused input that could not be quarantined.'),
    quarantineDropped: counter(
      'aorta_mllp_quarantine_dropped_total',
      'Refused input not quarantined because its sender sent too much of it.',
    ),
    frameBytes: telemetry.histogram(
      'aorta_mllp_frame_bytes',
      'Size of frames.',
      [256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 16_777_216],
    ),
    ackSeconds: telemetry.histogram(
      'aorta_mllp_ack_seconds',
      'From a whole frame to its answer.',
      [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 15],
    ),
  };
}
