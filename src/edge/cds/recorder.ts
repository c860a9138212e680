import type { AdviceRecord, AdviceStore } from '../../advice/port.ts';
import type { Telemetry } from '../../telemetry/port.ts';

const most = 5_000;
const batch = 200;

/**
 * Writes advice beside the answers, in groups: an EHR does not wait for our disk. Bounded; what cannot be kept is counted
 * (aorta_cds_advice_lost_total). The audit record of the call is written before the answer and does not depend on this.
 */
export function createRecorder(store: AdviceStore, telemetry: Telemetry) {
  const queue: AdviceRecord[] = [];
  let writing: Promise<void> | undefined;
  const lost = telemetry.counter('aorta_cds_advice_lost_total', 'Answers of CDS services that could not be recorded.');
  const write = async () => {
    while (queue.length > 0) {
      const group = queue.splice(0, batch);
      await store.record(group).catch((thrown: unknown) => {
        lost.inc(group.length);
        telemetry.log('warn', 'cds.advice.lost', { count: group.length, error: thrown });
      });
    }
    writing = undefined;
  };
  return {
    add(record: AdviceRecord): void {
      if (queue.length >= most) return lost.inc();
      queue.push(record);
      writing ??= write();
    },
    /** Waits for what was added. */
    flushed: async (): Promise<void> => writing,
  };
}
