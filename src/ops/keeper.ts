import type { AdviceStore } from '../advice/port.ts';
import type { Clock } from '../clock/clock.ts';
import { within } from '../clock/within.ts';
import type { Gauge, Telemetry } from '../telemetry/port.ts';
import { redrivePump } from './redrive-pump.ts';
import { retentionDrift, type SetAside, type SetAsideParts, setAside } from './set-aside.ts';

const day = 86_400_000;
/** What is set aside is kept this long after it came. A parked envelope stays until an operator decides. */
const keptMs = 30 * day;
/** Notes outlive the dead letters that they are about. */
const notesMs = 35 * day;
/** Advice in one statement, and statements at one look. */
const [adviceAtOnce, advicePerLook] = [5_000, 40];
const lookMs = 15_000;
const tidyMs = 3_600_000;
const stopMs = 1_000;

export interface KeeperParts extends SetAsideParts {
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly advice: Pick<AdviceStore, 'prune'>;
  /** Milliseconds that answers of CDS services and assist are kept, and what clinicians said of them. @default a year */
  readonly adviceMs?: number;
}

/**
 * Looks after what is set aside: counts it for the alert, finishes redrives that a crash interrupted, forgets what is
 * older than 30 days (advice: than `adviceMs`) and tells of topics that keep too little. Every worker does; all of it may be done twice.
 */
export function startKeeper(parts: KeeperParts): { readonly look: () => Promise<void>; readonly stop: () => Promise<void> } {
  const { clock, telemetry, flows, state, log, quarantine, advice, adviceMs = 365 * day } = parts;
  const pump = redrivePump(log, state, telemetry);
  const gauges = new Map<string, Gauge>();
  const help = 'Envelopes that wait for an operator, over all workers: parked, quarantined, dead letters';
  const show = (kind: string, flow: string, count: number): void => {
    const key = `${kind}/${flow}`;
    let gauge = gauges.get(key);
    if (!gauge) {
      gauge = telemetry.gauge('aorta_set_aside_envelopes', help, { kind, flow });
      gauges.set(key, gauge);
    }
    gauge.set(count);
  };
  const drifting = telemetry.gauge('aorta_topics_retention_drift', 'Topics that keep less than they have to');
  const pruned = telemetry.counter('aorta_quarantine_pruned_total', 'Refused input removed 30 days after it came');
  const advised = telemetry.counter('aorta_advice_pruned_total', 'Records of advice and feedback removed when their time was over');
  let seen: SetAside | undefined;
  let tidied = Number.NEGATIVE_INFINITY;
  let stopped = false;
  let cancel = () => {};
  let running: Promise<void> | undefined;

  /** False: there is more. */
  const forgetAdvice = async (): Promise<boolean> => {
    for (let times = 0; times < advicePerLook && !stopped; times++) {
      const gone = await advice.prune(clock.now() - adviceMs, adviceAtOnce);
      advised.inc(gone);
      if (gone < adviceAtOnce) return true;
    }
    return false;
  };
  const look = async (): Promise<void> => {
    for (const { name, flow } of flows) {
      await pump
        .send({ name, source: flow.source.name })
        .catch((thrown) => telemetry.log('warn', 'dlq.redrive-waits', { flow: name, error: thrown }));
    }
    const now = await setAside(parts);
    show('quarantined', '', now.quarantined);
    for (const { flow, parked, deadLettered } of now.flows) {
      show('parked', flow, parked);
      show('dead-letter', flow, deadLettered);
    }
    // A flow whose last parked envelope is gone is not in the list any more.
    for (const { flow } of seen?.flows ?? []) if (!now.flows.some((each) => each.flow === flow)) show('parked', flow, 0);
    seen = now;
    if (clock.monotonic() - tidied < tidyMs) return;
    if (!(await forgetAdvice())) return;
    tidied = clock.monotonic();
    const gone = await quarantine.prune(clock.now() - keptMs);
    pruned.inc(gone);
    if (gone > 0) telemetry.log('warn', 'quarantine.pruned', { count: gone });
    await state.operations.pruneRedrives(clock.now() - notesMs);
    const drift = await retentionDrift(parts);
    drifting.set(drift.length);
    for (const { topic, retentionMs } of drift)
      telemetry.log('error', 'log.retention-drift', { topic, ms: retentionMs, code: 'AORTA_LOG_003' });
  };
  const again = async (): Promise<void> => {
    running = look();
    try {
      await running;
    } catch (thrown) {
      if (!stopped) telemetry.log('warn', 'keeper.failed', { error: thrown });
    }
    if (!stopped) cancel = clock.after(lookMs, again);
  };
  cancel = clock.after(1_000, again);
  return {
    look,
    async stop() {
      stopped = true;
      cancel();
      // The stores are closed next.
      if (running)
        await within(
          clock,
          stopMs,
          running.catch(() => {}),
        );
    },
  };
}
