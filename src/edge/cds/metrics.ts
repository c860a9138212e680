import type { CdsService } from '../../cds/index.ts';
import type { Counter, Telemetry } from '../../telemetry/port.ts';

const buckets = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 4.5, 5];
export type Outcome = 'advised' | 'empty' | 'incomplete' | 'late' | 'failed' | 'missing';

/** Labels are names of our services and reads: never a client's or a patient's. */
export function cdsMetrics(telemetry: Telemetry, services: readonly CdsService[]) {
  const of = new Map(
    services.map(({ id }) => [
      id,
      {
        seconds: telemetry.histogram('aorta_cds_call_seconds', 'Answers of CDS services', buckets, { service: id }),
        invalid: telemetry.counter('aorta_cds_invalid_cards_total', 'Cards that were held back because they are not valid.', {
          service: id,
        }),
        dropped: telemetry.counter('aorta_cds_dropped_links_total', 'Links of cards that lead to no configured address.', { service: id }),
      },
    ]),
  );
  // Kept, seven a call: as many as there are reads, sources and ways to end.
  const counters = new Map<string, Counter>();
  const kept = (key: string, make: () => Counter): Counter => {
    const known = counters.get(key) ?? make();
    counters.set(key, known);
    return known;
  };
  return {
    answered(service: string, outcome: Outcome, ms: number): void {
      of.get(service)?.seconds.observe(ms / 1000);
      kept(`${service} ${outcome}`, () =>
        telemetry.counter('aorta_cds_calls_total', 'Calls of CDS services by how they ended', { service, outcome }),
      ).inc();
    },
    read(read: string, source: string, status: string): void {
      kept(`${read} ${source} ${status}`, () =>
        telemetry.counter('aorta_cds_reads_total', 'Reads for CDS services by source and how they ended', { read, source, status }),
      ).inc();
    },
    dropped: (service: string, links: number): void => of.get(service)?.dropped.inc(links),
    invalid: (service: string): void => of.get(service)?.invalid.inc(),
    feedback: (service: string, outcome: string): void =>
      telemetry.counter('aorta_cds_feedback_total', 'Feedback on cards', { service, outcome }).inc(),
  };
}
