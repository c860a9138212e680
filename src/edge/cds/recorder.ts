import type { AdviceRecord, AdviceStore } from '../../advice/port.ts';
import type { Clock } from '../../clock/clock.ts';
import type { Telemetry } from '../../telemetry/port.ts';

const most = 5_000;
const batch = 200;
/** Milliseconds that answers are collected before they are written: a commit each costs more than the answers themselves. */
const collectMs = 100;

/**
 * Writes advice beside the answers, in groups: an EHR does not wait for our disk. Bounded; what cannot be kept is counted
 * (aorta_cds_advice_lost_total). The audit record of the call is written before the answer and does not depend on this.
 */
export function createRecorder(store: AdviceStore, telemetry: Telemetry, clock: Pick<Clock, 'after'>) {
  const queue: AdviceRecord[] = [];
  let writing: Promise<void> | undefined;
  let cancel: (() => void) | undefined;
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
  const begin = () => {
    cancel?.();
    cancel = undefined;
    writing ??= write();
    return writing;
  };
  return {
    add(record: AdviceRecord): void {
      if (queue.length >= most) return lost.inc();
      queue.push(record);
      if (queue.length >= batch) void begin();
      else if (!writing) cancel ??= clock.after(collectMs, () => void begin());
    },
    /** Writes what was added, now, and waits for it. */
    async flushed(): Promise<void> {
      while (queue.length > 0 || writing) await begin();
    },
  };
}
