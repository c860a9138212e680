import type { Clock } from '../../clock/clock.ts';
import type { Counter, Gauge, Telemetry } from '../../telemetry/port.ts';

/**
 * Who was heard of when: `aorta_mllp_sender_messages_total` and `aorta_mllp_sender_last_message_timestamp_seconds` for each
 * sender (MSH-3|MSH-4) whose messages are taken, with the common name in its certificate; and for those of whom messages are
 * expected, `mllp.sender.silent` and `mllp.sender.heard` in the log and `aorta_mllp_sender_silent`, 1 while nothing came.
 */
export interface Senders {
  /** A message of it was taken (or came again). */
  heard(sender: string, subject?: string): void;
  stop(): void;
}

export interface SendersOptions {
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  /**
   * `application|facility` → milliseconds after which its silence is reported, counted from the start for one that was
   * never heard. `*` is for all others once they were heard.
   */
  readonly silentAfterMs?: Readonly<Record<string, number>>;
}

interface Known {
  readonly label: string;
  /** Undefined: nobody asked. */
  readonly silentAfterMs: number | undefined;
  readonly last: Gauge;
  readonly bySubject: Map<string, Counter>;
  heardAt: number;
  silent: boolean;
  stop: () => void;
}

/** Names come from outside: beyond this many, senders share the label `other`. */
const most = 200;
const longest = 64;
const checkMs = 5_000;

export function createSenders({ telemetry, clock, silentAfterMs = {} }: SendersOptions): Senders {
  const known = new Map<string, Known>();

  const add = (name: string): Known => {
    const label = name === 'other' || known.size < most ? name : 'other';
    const found = known.get(label);
    if (found) return found;
    const one: Known = {
      label,
      silentAfterMs: silentAfterMs[label] ?? (label === 'other' ? undefined : silentAfterMs['*']),
      last: telemetry.gauge('aorta_mllp_sender_last_message_timestamp_seconds', 'When a message of the sender was last taken, Unix time.', {
        sender: label,
      }),
      bySubject: new Map(),
      heardAt: clock.monotonic(),
      silent: false,
      stop: () => {},
    };
    if (one.silentAfterMs !== undefined) {
      const help = '1 while nothing has come of the sender for longer than expected.';
      one.stop = telemetry.sampled('aorta_mllp_sender_silent', help, { sender: label }, () => (one.silent ? 1 : 0));
    }
    known.set(label, one);
    return one;
  };

  const count = (one: Known, subject: string): void => {
    const label = one.bySubject.has(subject) || one.bySubject.size < most ? subject : 'other';
    let counter = one.bySubject.get(label);
    if (!counter) {
      const labels = { sender: one.label, certificate: label };
      counter = telemetry.counter(
        'aorta_mllp_sender_messages_total',
        'Messages taken, by sender and common name of its certificate.',
        labels,
      );
      one.bySubject.set(label, counter);
    }
    counter.inc();
  };

  for (const name of Object.keys(silentAfterMs)) if (name !== '*') add(name);
  let cancel = (): void => {};
  const check = (): void => {
    const now = clock.monotonic();
    for (const one of known.values()) {
      if (one.silent || one.silentAfterMs === undefined || now - one.heardAt <= one.silentAfterMs) continue;
      one.silent = true;
      telemetry.log('warn', 'mllp.sender.silent', { sender: one.label, ms: Math.round(now - one.heardAt) });
    }
    cancel = clock.after(checkMs, check);
  };
  if (Object.keys(silentAfterMs).length > 0) cancel = clock.after(checkMs, check);

  return {
    heard(sender, subject = '') {
      const name = sender.replace(/[^\x20-\x7e]/g, '?').slice(0, longest);
      const one = known.get(name) ?? add(name);
      const now = clock.monotonic();
      if (one.silent) {
        one.silent = false;
        telemetry.log('info', 'mllp.sender.heard', { sender: one.label, ms: Math.round(now - one.heardAt) });
      }
      one.heardAt = now;
      one.last.set(clock.now() / 1000);
      count(one, subject);
    },
    stop() {
      cancel();
      for (const one of known.values()) one.stop();
    },
  };
}
