import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Clock } from '../../../src/clock/clock.ts';
import { createSenders } from '../../../src/ingress/mllp/senders.ts';
import { countingTelemetry } from '../parts.ts';

/** A clock that goes only when told. */
function handClock() {
  let now = 0;
  let due: { at: number; fn: () => void }[] = [];
  const clock: Clock = {
    now: () => 1_000_000 + now,
    monotonic: () => now,
    after(ms, fn) {
      const entry = { at: now + ms, fn };
      due.push(entry);
      return () => {
        due = due.filter((each) => each !== entry);
      };
    },
    soon: (fn) => fn(),
  };
  const forward = (ms: number) => {
    const end = now + ms;
    for (;;) {
      const [next] = due.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (!next) break;
      due = due.filter((each) => each !== next);
      now = next.at;
      next.fn();
    }
    now = end;
  };
  return { clock, forward, waiting: () => due.length };
}

const minute = 60_000;

describe('The silence of senders', () => {
  const setUp = (silentAfterMs?: Record<string, number>) => {
    const telemetry = countingTelemetry();
    const samples = new Map<string, () => number>();
    const gauges = new Map<string, number>();
    const time = handClock();
    const senders = createSenders({
      clock: time.clock,
      telemetry: {
        ...telemetry,
        gauge: (name, _help, labels) => ({ set: (value) => void gauges.set(`${name} ${labels?.['sender']}`, value) }),
        sampled(_name, _help, labels, read) {
          samples.set(labels['sender'] ?? '', read);
          return () => samples.delete(labels['sender'] ?? '');
        },
      },
      ...(silentAfterMs ? { silentAfterMs } : {}),
    });
    const events = () =>
      telemetry
        .text()
        .split('\n')
        .filter((line) => /mllp\.sender/.test(line) && !line.startsWith('aorta'));
    return { telemetry, samples, gauges, senders, events, ...time };
  };

  it('is reported once when it passes the minutes given, and so is the next message', () => {
    const { senders, forward, events, samples } = setUp({ 'ADT|HOSP': 30 * minute });
    senders.heard('ADT|HOSP');
    forward(29 * minute);
    senders.heard('ADT|HOSP');
    forward(29 * minute);
    assert.deepEqual(events(), []);
    forward(60 * minute);
    assert.equal(events().length, 1);
    assert.match(events()[0] ?? '', /^warn mllp.sender.silent sender="ADT\|HOSP" ms=180\d{4}$/);
    assert.equal(samples.get('ADT|HOSP')?.(), 1);
    senders.heard('ADT|HOSP');
    assert.match(events()[1] ?? '', /^info mllp.sender.heard sender="ADT\|HOSP" ms=5340000$/);
    assert.equal(samples.get('ADT|HOSP')?.(), 0);
  });

  it('of one that was never heard counts from the start; others are watched only under *, once heard', () => {
    const { senders, forward, events } = setUp({ 'LAB|HOSP': 10 * minute, '*': 20 * minute });
    senders.heard('ADT|HOSP');
    forward(15 * minute);
    assert.equal(events().length, 1);
    assert.match(events()[0] ?? '', /LAB\|HOSP/);
    forward(10 * minute);
    assert.match(events()[1] ?? '', /silent sender="ADT\|HOSP"/);
  });

  it("is nobody's concern unless asked for: then nothing waits", () => {
    const { senders, forward, events, waiting, gauges } = setUp();
    senders.heard('ADT|HOSP');
    assert.equal(waiting(), 0);
    assert.equal(gauges.get('aorta_mllp_sender_last_message_timestamp_seconds ADT|HOSP'), 1_000);
    forward(10_000 * minute);
    assert.deepEqual(events(), []);
  });

  it('labels are bounded and clean, whatever senders call themselves', () => {
    const { senders, telemetry, gauges } = setUp();
    for (let n = 0; n < 1_000; n++) senders.heard(`S${n}\n${'x'.repeat(500)}`, `c${n}`);
    assert.equal(gauges.size, 201);
    assert.equal(telemetry.count('aorta_mllp_sender_messages_total', { sender: 'other' }), 800);
    assert.equal(telemetry.count('aorta_mllp_sender_messages_total'), 1_000);
    for (const name of gauges.keys()) assert.ok(name.length < 130 && !name.includes('\n'));
  });

  it('stops', () => {
    const { senders, waiting, samples } = setUp({ A: minute });
    assert.equal(waiting() + samples.size, 2);
    senders.stop();
    assert.equal(waiting() + samples.size, 0);
  });
});
