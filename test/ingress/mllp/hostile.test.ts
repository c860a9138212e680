import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import type { Clock } from '../../../src/clock/clock.ts';
import { systemClock, systemRandom } from '../../../src/clock/system.ts';
import { type Admission, createAdmission } from '../../../src/ingress/admission.ts';
import { framed } from '../../../src/ingress/mllp/framer.ts';
import type { MllpLimits } from '../../../src/ingress/mllp/limits.ts';
import { type MllpListener, startMllp } from '../../../src/ingress/mllp/listener.ts';
import { createMllpClient } from '../../../src/sandbox/mllp-client.ts';
import { type CountingTelemetry, countingTelemetry, embedded, type Parts } from '../parts.ts';
import { adt, rawSender, verdict } from './sender.ts';

const MiB = 1024 * 1024;

/**
 * A clock that runs so many times as fast: the seconds of the limits pass quickly. The listener reads it every few
 * milliseconds; when it did not for longer, this process stood still, and no sender is to blame for that.
 */
function faster(times: number): Clock {
  let [read, now] = [systemClock.monotonic(), 0];
  const monotonic = () => {
    const at = systemClock.monotonic();
    now += Math.min(at - read, 40) * times;
    read = at;
    return now;
  };
  return { ...systemClock, monotonic, after: (ms, fn) => systemClock.after(ms / times, fn) };
}

describe('MLLP under attack', () => {
  let parts: Parts;
  let admission: Admission;
  let number = 0;
  before(async () => {
    parts = await embedded();
    admission = createAdmission({
      ...parts,
      clock: systemClock,
      random: systemRandom,
      telemetry: countingTelemetry(),
      instance: 'hostile',
    });
    await admission.start();
  });
  after(async () => {
    await admission.stop();
    await parts.close();
  });

  interface Target {
    readonly mllp: MllpListener;
    readonly port: number;
    readonly telemetry: CountingTelemetry;
    /** Codes of what was quarantined since the target was made. */
    quarantined(): Promise<string[]>;
  }
  const until = async (condition: () => boolean | Promise<boolean>): Promise<void> => {
    const deadline = performance.now() + 150_000;
    while (!(await condition())) {
      assert.ok(performance.now() < deadline, 'never came true');
      await delay(5);
    }
  };

  /** Runs an attack while a good sender goes on; all of its messages must be acknowledged. */
  const attack = async (
    limits: Partial<MllpLimits>,
    run: (target: Target) => Promise<void>,
    options: { clock?: Clock } = {},
  ): Promise<void> => {
    const telemetry = countingTelemetry();
    const clock = options.clock ?? systemClock;
    const mllp = await startMllp({
      host: '127.0.0.1',
      port: 0,
      admission,
      serde: parts.serde,
      quarantine: parts.quarantine,
      telemetry,
      clock,
      random: systemRandom,
      limits,
    });
    const { port } = mllp.address;
    const good = createMllpClient({ host: '127.0.0.1', port, attempts: 1 });
    const before = await parts.quarantine.count();
    let going = true;
    let acknowledged = 0;
    const sending = (async () => {
      while (going) {
        const controlId = `good-${number++}`;
        const ack = await good.send(adt({ controlId }));
        assert.equal(`${ack.code} ${ack.controlId}`, `AA ${controlId}`);
        acknowledged++;
        await delay(1);
      }
    })();
    const quarantined = async () => {
      const count = (await parts.quarantine.count()) - before;
      return count === 0 ? [] : (await parts.quarantine.list(count)).map((entry) => entry.code).reverse();
    };
    let failed: unknown;
    sending.catch((thrown) => {
      failed = thrown ?? new Error('the good sender failed');
    });
    const served = (count: number) =>
      until(() => {
        if (failed) throw failed;
        return acknowledged >= count;
      });
    try {
      await served(3);
      const guard = new AbortController();
      // A test that waits for ever tells nobody what is wrong.
      const late = delay(150_000, undefined, { signal: guard.signal }).then(() => assert.fail('the attack did not end as it should'));
      late.catch(() => {});
      await Promise.race([run({ mllp, port, telemetry, quarantined }), late]).finally(() => guard.abort());
      await served(acknowledged + 3);
    } finally {
      going = false;
      await sending.finally(() => good.close());
      await mllp.stop({ drainMs: 1_000 });
    }
  };

  it('64 MiB without an end: closed, counted, quarantined with its first MiB', async () => {
    await attack({}, async ({ port, telemetry, quarantined }) => {
      const raw = await rawSender(port);
      const piece = Buffer.alloc(MiB, 'x');
      raw.write('\x0bMSH|^~\\&|');
      for (let sent = 0; sent < 64 && !raw.socket.destroyed; sent++) {
        if (!raw.socket.write(piece)) await Promise.race([new Promise((resolve) => raw.socket.once('drain', resolve)), raw.closed]);
      }
      await raw.closed;
      assert.deepEqual(raw.answers, []);
      assert.deepEqual(await quarantined(), ['AORTA_MLLP_001']);
      assert.equal(telemetry.count('aorta_mllp_refused_total', { reason: 'frame-too-large' }), 1);
      await until(() => telemetry.count('aorta_mllp_connections_closed_total', { reason: 'frame-too-large' }) === 1);
      const [entry] = await parts.quarantine.list(1);
      const whole = entry && (await parts.quarantine.get(entry.id));
      assert.equal(whole?.body.length, MiB);
      assert.ok((whole?.size ?? 0) > 32 * MiB);
    });
  });

  it('what came before an endless frame is answered first', async () => {
    await attack({ frameBytes: 10_000 }, async ({ port }) => {
      const raw = await rawSender(port);
      raw.write(Buffer.concat([framed(adt({ controlId: `pre-${number++}` })), Buffer.from('\x0b'), Buffer.alloc(20_000, 'y')]));
      assert.match((await raw.answered(1)).map(verdict).join(), /^AA pre-/);
      await raw.closed;
    });
  });

  it('a stream without a start block: closed after its limit, one quarantine entry', async () => {
    await attack({ outsideBytes: 100_000 }, async ({ port, telemetry, quarantined }) => {
      const raw = await rawSender(port);
      const piece = Buffer.alloc(10_000, 'GET / HTTP/1.1\r\n');
      for (let sent = 0; sent < 1_000 && !raw.socket.destroyed; sent++) {
        if (!raw.socket.write(piece)) await Promise.race([new Promise((resolve) => raw.socket.once('drain', resolve)), raw.closed]);
      }
      await raw.closed;
      assert.deepEqual(await quarantined(), ['AORTA_MLLP_004']);
      assert.ok(telemetry.count('aorta_mllp_outside_bytes_total') >= 100_000);
    });
  });

  it('junk between frames is skipped, counted, quarantined once, and costs the frames nothing; line ends are no junk', async () => {
    await attack({}, async ({ port, telemetry, quarantined }) => {
      const raw = await rawSender(port);
      const one = framed(adt({ controlId: `j-${number++}` }));
      raw.write(Buffer.concat([one, Buffer.from('\r\n\r\n'), one, Buffer.from('tra'), Buffer.from('sh'), one]));
      assert.deepEqual(
        (await raw.answered(3)).map((answer) => verdict(answer).slice(0, 2)),
        ['AA', 'AA', 'AA'],
      );
      await until(async () => (await quarantined()).length === 1);
      assert.deepEqual(await quarantined(), ['AORTA_MLLP_004']);
      assert.equal(telemetry.count('aorta_mllp_outside_bytes_total'), 9);
      raw.socket.destroy();
    });
  });

  it('a connection that breaks inside a frame: counted and quarantined, not answered', async () => {
    await attack({}, async ({ port, telemetry, quarantined }) => {
      for (const how of ['end', 'destroy'] as const) {
        const raw = await rawSender(port);
        raw.write('\x0bMSH|^~\\&|half a mess');
        await delay(20);
        raw.socket[how]();
        await raw.closed;
        assert.deepEqual(raw.answers, []);
      }
      await until(async () => (await quarantined()).length === 2);
      assert.deepEqual(await quarantined(), ['AORTA_MLLP_003', 'AORTA_MLLP_003']);
      assert.equal(telemetry.count('aorta_mllp_refused_total', { reason: 'truncated' }), 2);
    });
  });

  it('a message begun again inside its frame: the first is quarantined, the second acknowledged', async () => {
    await attack({}, async ({ port, quarantined }) => {
      const raw = await rawSender(port);
      const controlId = `again-${number++}`;
      raw.write(Buffer.concat([Buffer.from('\x0bMSH|^~\\&|half'), framed(adt({ controlId }))]));
      assert.deepEqual((await raw.answered(1)).map(verdict), [`AA ${controlId}`]);
      assert.deepEqual(await quarantined(), ['AORTA_MLLP_003']);
      raw.socket.destroy();
    });
  });

  it('hundreds of senders of one byte a second are closed in time, whether inside a frame or not', async () => {
    const fast = faster(200);
    const limits = { frameMs: 30_000, idleMs: 60_000, connectionsPerPeer: 300 };
    await attack(
      limits,
      async ({ port, telemetry, mllp }) => {
        const slow = await Promise.all(Array.from({ length: 120 }, () => rawSender(port)));
        let n = 0;
        for (const raw of slow) raw.write(n++ % 3 === 0 ? ' ' : '\x0bMSH|');
        const dripping = setInterval(() => {
          for (const raw of slow) if (raw.socket.writable) raw.write('x');
        }, 5);
        await Promise.all(slow.map((raw) => raw.closed));
        clearInterval(dripping);
        await until(() => mllp.connections() <= 1);
        assert.equal(telemetry.count('aorta_mllp_connections_closed_total', { reason: 'stalled' }), 80);
        assert.equal(telemetry.count('aorta_mllp_connections_closed_total', { reason: 'idle' }), 40);
        assert.equal(telemetry.count('aorta_mllp_refused_total', { reason: 'stalled', code: 'AORTA_MLLP_002' }), 80);
        assert.equal(telemetry.text().match(/warn mllp\.frame\.stalled peer="127\.0\.0\.1" .*bytes=\d+ ms=/g)?.length, 80);
        assert.equal(telemetry.text().match(/warn mllp\.connection\.idle peer="127\.0\.0\.1" .*ms=\S+ count=0/g)?.length, 40);
      },
      { clock: fast },
    );
  });

  it('a slow but steady large frame is no stall', async () => {
    const fast = faster(50);
    await attack(
      { frameMs: 10_000, frameRate: 16_384 },
      async ({ port }) => {
        const controlId = `steady-${number++}`;
        const bytes = framed(adt({ controlId, more: Buffer.concat([Buffer.from('OBX|1|ED|||'), Buffer.alloc(6 * MiB, 'A')]) }));
        const raw = await rawSender(port);
        // About 30 seconds of the listener's time.
        for (let at = 0; at < bytes.length; at += Math.ceil(bytes.length / 60)) {
          raw.write(bytes.subarray(at, at + Math.ceil(bytes.length / 60)));
          await delay(10);
        }
        assert.deepEqual((await raw.answered(1)).map(verdict), [`AA ${controlId}`]);
        raw.socket.destroy();
      },
      { clock: fast },
    );
  });

  it('connections over the limits are refused, in all and from one address', async () => {
    for (const [limits, reason] of [
      [{ connections: 4 }, 'total'],
      [{ connectionsPerPeer: 4 }, 'peer'],
    ] as const) {
      await attack(limits, async ({ port, telemetry, mllp }) => {
        const raws = await Promise.all(Array.from({ length: 10 }, () => rawSender(port)));
        const refused = () => telemetry.count('aorta_mllp_connections_refused_total', { reason });
        await until(() => refused() + mllp.connections() === 11);
        assert.equal(mllp.connections(), 4, 'the good sender and three others');
        assert.equal(refused(), 7);
        for (const raw of raws) raw.socket.destroy();
        await until(() => mllp.connections() === 1);
        const later = await rawSender(port);
        later.write(framed(adt({ controlId: `later-${number++}` })));
        await later.answered(1);
        later.socket.destroy();
      });
    }
  });

  it('many large open frames at once stay within the memory given to all', async () => {
    await attack({ heldBytes: 12 * MiB }, async ({ port, telemetry, quarantined }) => {
      const raws = await Promise.all(Array.from({ length: 8 }, () => rawSender(port)));
      const piece = Buffer.alloc(4 * MiB, 'x');
      for (const raw of raws) raw.write(Buffer.concat([Buffer.from('\x0bMSH|^~\\&|'), piece]));
      await until(() => telemetry.count('aorta_mllp_connections_closed_total', { reason: 'held-bytes' }) >= 5);
      assert.ok((await quarantined()).every((code) => code === 'AORTA_MLLP_005'));
      for (const raw of raws) raw.socket.destroy();
    });
  });

  it('a flood of refused messages fills only so much of the quarantine, and is answered and counted all the same', async () => {
    const limits = { quarantineEntries: 10, quarantineEntriesPerSecond: 0, quarantineBytes: 1_000, quarantineBytesPerSecond: 0 };
    await attack(limits, async ({ port, telemetry, quarantined }) => {
      const raw = await rawSender(port);
      for (let n = 0; n < 100; n++) raw.write(framed(Buffer.from(`junk ${n}`)));
      raw.write(framed(Buffer.alloc(2_000, 'j')));
      await raw.answered(101);
      assert.equal((await quarantined()).length, 10);
      assert.equal(telemetry.count('aorta_mllp_refused_total'), 101);
      assert.equal(telemetry.count('aorta_mllp_quarantine_dropped_total'), 91);
      raw.socket.destroy();
    });
  });

  it('large messages of one connection are worked on one at a time', async () => {
    let [open, most] = [0, 0];
    const counting: Admission = {
      ...admission,
      async body(bytes) {
        most = Math.max(most, ++open);
        try {
          return await admission.body(bytes);
        } finally {
          open--;
        }
      },
    };
    const large = (controlId: string) =>
      framed(adt({ controlId, mrn: 'L', more: Buffer.concat([Buffer.from('OBX|1|ED|||'), Buffer.alloc(2 * MiB, 'A')]) }));
    const mllp = await startMllp({
      host: '127.0.0.1',
      port: 0,
      admission: counting,
      serde: parts.serde,
      quarantine: parts.quarantine,
      telemetry: countingTelemetry(),
      clock: systemClock,
      random: systemRandom,
      limits: { inFlightBytes: MiB },
    });
    const raw = await rawSender(mllp.address.port);
    const controlIds = Array.from({ length: 5 }, () => `large-${number++}`);
    for (const controlId of controlIds) raw.write(large(controlId));
    assert.deepEqual(
      (await raw.answered(5)).map(verdict),
      controlIds.map((controlId) => `AA ${controlId}`),
    );
    assert.equal(most, 1);
    raw.socket.destroy();
    await mllp.stop();
  });

  it('a peer that never reads its answers is closed, and until then reading from it stops', async () => {
    const fast = faster(100);
    await attack(
      { inFlight: 8 },
      async ({ port, telemetry }) => {
        const socket = net.connect({ host: '127.0.0.1', port });
        await new Promise((resolve) => socket.once('connect', resolve));
        socket.on('error', () => {});
        socket.pause();
        const junk = framed(Buffer.from('not HL7'));
        const many = Buffer.concat(
          Array.from({ length: 2_000 }, () => framed(Buffer.from(`MSH|^~\\&|${'L'.repeat(900)}|B|C|D|20240131||ACK^A01|x|P|2.5`))),
        );
        const gone = new Promise((resolve) => socket.once('close', resolve));
        // Refusals with long answers, until the peer's window is full.
        const refusal = Buffer.concat(
          Array.from({ length: 500 }, () =>
            framed(Buffer.from(`MSH|^~\\&|${'L'.repeat(900)}|${'F'.repeat(900)}|C|D|20240131||ADT^Q99|x|P|2.5\r`)),
          ),
        );
        const feed = () => {
          while (!socket.destroyed && socket.write(refusal));
        };
        socket.on('drain', feed);
        socket.write(Buffer.concat([junk, many]));
        feed();
        await gone;
        await until(() => telemetry.count('aorta_mllp_connections_closed_total', { reason: 'unread-answers' }) === 1);
        socket.destroy();
      },
      { clock: fast },
    );
  });

  it('random streams of junk, frames, restarts and binary: never down, every good frame answered in its order', async () => {
    await attack({ frameBytes: 50_000, outsideBytes: 5_000 }, async ({ port }) => {
      const junk = fc.oneof(
        fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
        fc.constantFrom(
          ...[
            '\x0b',
            '\x1c',
            '\r',
            '\x1c\r',
            '\x0b\x0b',
            '\x0b\x1c\r',
            'MSH|^~\\&|',
            '\x0bMSH',
            'PID|1\r',
            '\x0bMSH|\x1c\r',
            '\x0bMSH|^~\\&|A|B|C|D|||ADT^A01\x1c\r',
          ].map((text) => Buffer.from(text, 'latin1')),
        ),
      );
      await fc.assert(
        fc.asyncProperty(fc.array(junk, { maxLength: 30 }), fc.array(fc.nat(), { maxLength: 6 }), async (pieces, cuts) => {
          const raw = await rawSender(port);
          const controlId = `fuzz-${number++}`;
          // An end first: whatever the junk left open is over then.
          const stream = Buffer.concat([...pieces, Buffer.from('\x1c\r'), framed(adt({ controlId }))]);
          let from = 0;
          for (const at of [...cuts.map((cut) => cut % stream.length).sort((a, b) => a - b), stream.length]) {
            raw.write(stream.subarray(from, at));
            from = Math.max(from, at);
            await delay(0);
          }
          await Promise.race([raw.closed, until(() => raw.answers.some((answer) => verdict(answer) === `AA ${controlId}`))]);
          assert.equal(verdict(raw.answers.at(-1)), `AA ${controlId}`);
          assert.ok(raw.answers.slice(0, -1).every((answer) => /^A[ER] /.test(verdict(answer))));
          raw.socket.destroy();
        }),
        { numRuns: 150 },
      );
    });
  });

  it('random frames of batch segments, enhanced headers, acknowledgements and binary: never down, every answer is well formed', async () => {
    await attack({ frameBytes: 100_000, batchMessages: 20 }, async ({ port }) => {
      const condition = fc.constantFrom('', 'AL', 'NE', 'ER', 'SU', 'XX', '""');
      const line = fc.oneof(
        fc.constantFrom(
          'FHS|^~\\&|A|B',
          'BHS|^~\\&|A|B|C|D|||||B-1',
          'BHS|',
          'FHS',
          'BTS|1',
          'BTS|x',
          'FTS|1',
          'PID|1',
          'MSH',
          'MSH|',
          'MSA|AA|1',
        ),
        fc
          .tuple(condition, condition, fc.constantFrom('ADT^A01', 'ACK', 'ZZZ^Z01', ''))
          .map(([accept, application, type]) => `MSH|^~\\&|A|B|C|D|20240131||${type}|h-${number++}|P|2.5|||${accept}|${application}`),
        fc
          .uint8Array({ maxLength: 40 })
          .map((bytes) => Buffer.from(bytes).toString('latin1').replaceAll('\x0b', '').replaceAll('\x1c', '')),
      );
      const frame = fc.tuple(fc.array(line, { maxLength: 30 }), fc.constantFrom('\r', '\n', '\r\n', '\n\r'));
      await fc.assert(
        fc.asyncProperty(fc.array(frame, { minLength: 1, maxLength: 4 }), async (frames) => {
          const raw = await rawSender(port);
          const controlId = `fuzz-${number++}`;
          const all = frames.map(([lines, end]) => framed(Buffer.from(lines.join(end), 'latin1')));
          raw.write(Buffer.concat([...all, framed(adt({ controlId }))]));
          const ended = () => raw.answers.at(-1)?.includes(`MSA|AA|${controlId}`) ?? false;
          await Promise.race([raw.closed, until(ended)]);
          assert.ok(ended());
          for (const answer of raw.answers) {
            assert.match(answer, /^(MSH|BHS|FHS)/);
            for (const [, code = ''] of answer.matchAll(/\rMSA.(..)/g)) assert.match(code, /^(A[AER]|C[AER])$/);
          }
          raw.socket.destroy();
        }),
        { numRuns: 100 },
      );
    });
  });
});
