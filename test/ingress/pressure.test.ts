import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Blob } from '../../src/blob/port.ts';
import { systemClock, systemRandom } from '../../src/clock/system.ts';
import { Pace, startFlow } from '../../src/engine/index.ts';
import type { Identity } from '../../src/identity/port.ts';
import { flow, map, to, topic } from '../../src/index.ts';
import { Unanswered } from '../../src/ingress/admission/unanswered.ts';
import { type AdmissionRequest, createAdmission } from '../../src/ingress/admission.ts';
import type { Log } from '../../src/log/port.ts';
import { serdeFor } from '../../src/schema/serde.ts';
import { silentTelemetry } from '../../src/telemetry/port.ts';
import { MemoryLog } from '../../src/testing/memory-log.ts';
import { memoryRegistry } from '../../src/testing/memory-registry.ts';
import { MemoryState } from '../../src/testing/memory-state.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';

type Message = { onAnswered: (() => void) | undefined };

describe('how late answers are', () => {
  it('is told by the oldest message without one', async () => {
    const clock = new VirtualClock();
    const unanswered = new Unanswered<Message>(clock, 15_000, () => assert.fail());
    assert.equal(unanswered.pressure, 0);
    const [one, two]: [Message, Message] = [{ onAnswered: undefined }, { onAnswered: undefined }];
    unanswered.came(one);
    await clock.advance(2);
    unanswered.came(two);
    assert.equal(unanswered.pressure, 0);
    await clock.advance(1_000);
    assert.equal(unanswered.pressure, 1);
    two.onAnswered?.();
    assert.equal(unanswered.pressure, 1);
    one.onAnswered?.();
    assert.equal(unanswered.pressure, 0);
  });

  it('each hears of it when its own time is over, and no timer is left when all are answered', async () => {
    const clock = new VirtualClock();
    const late: [Message, number][] = [];
    const began = clock.monotonic();
    const unanswered = new Unanswered<Message>(clock, 100, (message) => {
      late.push([message, clock.monotonic() - began]);
      message.onAnswered?.();
    });
    const messages: Message[] = Array.from({ length: 5 }, () => ({ onAnswered: undefined }));
    for (const message of messages) {
      unanswered.came(message);
      await clock.advance(30);
    }
    // 150 ms later: the first two hear of it by themselves.
    messages[2]?.onAnswered?.();
    await clock.advance(1_000);
    assert.deepEqual(late, [
      [messages[0], 100],
      [messages[1], 130],
      [messages[3], 190],
      [messages[4], 220],
    ]);
    unanswered.came(messages[0] as Message);
    messages[0]?.onAnswered?.();
    assert.equal(clock.pending, 0);
  });
});

describe('ingress and flows in one process', () => {
  const source = topic<number>('numbers', 'int');
  const sink = topic<number>('more', 'int');
  const backlog = 3_000;

  /** A store that answers after so many rounds of the event loop: on a busy loop that is its time. */
  const rounds = async (count: number) => {
    for (let i = 0; i < count; i++) await new Promise<void>((resolve) => setImmediate(resolve));
  };
  const store = {
    kind: 'sqlite',
    lastSeq: async () => 0,
    owed: async () => [],
    resolve: async (lists) => lists.map(() => ({ patientId: null, all: [] })),
    settle: async () => {},
    async admit(_instance, batch) {
      await rounds(10);
      return batch.map(() => ({ kind: 'admitted', controlIdReused: false }) as const);
    },
  } satisfies Partial<Identity> as Partial<Identity> as Identity;
  const slowLog = {
    async append(records) {
      await rounds(10);
      return records.map((_, offset) => ({ topic: 't', partition: 0, offset }));
    },
  } satisfies Partial<Log> as Partial<Log> as Log;

  const message = (controlId: string): AdmissionRequest => ({
    identifiers: [{ system: 's', value: controlId }],
    fingerprint: { sender: 'A', controlId, digest: controlId },
    size: 100,
    build: ({ patientId }) => ({ topic: 't', key: patientId, value: Buffer.from(controlId) }),
  });

  /** Turns that a flow with a long backlog had while 200 messages were acknowledged, ten under way at once. */
  async function turnsMeanwhile(paced: boolean): Promise<{ readonly meanwhile: number; readonly all: number }> {
    const ports = { clock: systemClock, random: systemRandom, telemetry: silentTelemetry };
    const admission = createAdmission({ ...ports, identity: store, log: slowLog, blob: {} as Blob, instance: 'here' });
    await admission.start();
    const log = new MemoryLog({ clock: systemClock });
    const registry = await memoryRegistry();
    let turns = 0;
    const heavy = flow('heavy')
      .from(source)
      .pipe(
        map((n: number) => {
          turns++;
          for (const until = performance.now() + 0.5; performance.now() < until; );
          return n;
        }),
        to(sink),
      );
    const running = await startFlow(heavy, {
      ...{ ...ports, log, state: new MemoryState({ clock: systemClock }) },
      ...{ serde: (of) => serdeFor(registry, of), partitions: (of) => log.partitions(of) },
      ...(paced ? { pace: new Pace(systemClock, () => admission.pressure()) } : {}),
    });
    const serde = await serdeFor(registry, source);
    for (let n = 0; n < backlog; n++) log.put({ topic: source.name, key: `p${n % 100}`, value: serde.serialize(n) });
    while (turns === 0) await rounds(1);
    const before = turns;
    let sent = 0;
    const sender = async (who: number) => {
      for (; sent < 200; sent++) {
        const controlId = `${who}-${sent}`;
        await admission.admit(message(controlId));
      }
    };
    await Promise.all(Array.from({ length: 10 }, (_, who) => sender(who)));
    const meanwhile = turns - before;
    // Nobody waits any more: the flow has it all.
    while (running.totals()['done'] !== backlog) await rounds(10);
    await running.stop();
    await admission.stop({ drainMs: 100 });
    return { meanwhile, all: turns };
  }

  it('acknowledges before it catches up with a backlog, which goes on all the while and ends', { timeout: 60_000 }, async () => {
    const freely = await turnsMeanwhile(false);
    const paced = await turnsMeanwhile(true);
    assert.ok(paced.meanwhile > 0);
    assert.ok(paced.meanwhile * 2 < freely.meanwhile, `${paced.meanwhile} turns in place of ${freely.meanwhile}`);
    assert.deepEqual([freely.all, paced.all], [backlog, backlog]);
  });
});
