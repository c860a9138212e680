import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { systemClock, systemRandom } from '../../../src/clock/system.ts';
import { latin1 } from '../../../src/hl7/index.ts';
import { type Admission, createAdmission } from '../../../src/ingress/admission.ts';
import { adtRoute } from '../../../src/ingress/mllp/adt.ts';
import { createExchange, type Exchange } from '../../../src/ingress/mllp/exchange.ts';
import { Lane } from '../../../src/ingress/mllp/lane.ts';
import { defaultLimits } from '../../../src/ingress/mllp/limits.ts';
import { mllpMetrics } from '../../../src/ingress/mllp/metrics.ts';
import { refusals } from '../../../src/ingress/mllp/refusal.ts';
import { silentTelemetry } from '../../../src/telemetry/port.ts';
import { embedded, type Parts } from '../parts.ts';
import { adt, verdict } from './sender.ts';

const base = { clock: systemClock, random: systemRandom, telemetry: silentTelemetry };

describe('An exchange', () => {
  let parts: Parts;
  let admission: Admission;
  let exchange: Exchange;
  before(async () => {
    parts = await embedded();
    admission = createAdmission({ ...base, ...parts, instance: 'exchange' });
    await admission.start();
    const metrics = mllpMetrics(silentTelemetry);
    const refuse = refusals({ ...base, quarantine: parts.quarantine, metrics, limits: defaultLimits });
    exchange = createExchange({
      ...base,
      routes: [adtRoute({ serde: parts.serde, zone: 'UTC' })],
      admission,
      refuse,
      metrics,
      charset: latin1,
    });
  });
  after(async () => {
    await admission.stop();
    await parts.close();
  });

  it('of a large message never holds the event loop for as long as reading it once takes', async () => {
    const cpu = () => {
      const { user, system } = process.threadCpuUsage();
      return user + system;
    };
    const ratios: number[] = [];
    for (let round = 0; round < 6; round++) {
      const content = adt({
        controlId: `large-${round}`,
        more: Buffer.concat([Buffer.from('OBX|1|ED|||'), Buffer.alloc(30_000_000, 'QUJD'), Buffer.from('\r')]),
      });
      let going = true;
      let last = cpu();
      let longest = 0;
      const tick = () => {
        const now = cpu();
        longest = Math.max(longest, now - last);
        last = now;
        if (going) setImmediate(tick);
      };
      setImmediate(tick);
      const answer = await exchange({ content, peer: 'x', receivedAt: 0, ticket: new Lane().ticket() });
      going = false;
      assert.equal(verdict(answer[0]?.toString('latin1')), `AA large-${round}`);
      // Measured beside it, as the machine's speed changes: one digest in one go.
      const before = cpu();
      createHash('sha256').update(content).digest();
      ratios.push(longest / (cpu() - before));
    }
    const ratio = Math.min(...ratios);
    assert.ok(ratio < 0.8, `one stretch took ${ratio.toFixed(2)} times as long as one digest`);
  });

  it('of a message that is prepared faster waits for the one before it', async () => {
    const lane = new Lane();
    const [first, second] = [lane.ticket(), lane.ticket()];
    const large = adt({
      controlId: 'lane-1',
      mrn: 'lane',
      more: Buffer.concat([Buffer.from('OBX|1|ED|||'), Buffer.alloc(5_000_000, 'QUJD')]),
    });
    const arrival = { peer: 'x', receivedAt: 0 };
    const answers = await Promise.all([
      exchange({ ...arrival, content: large, ticket: first }),
      exchange({ ...arrival, content: adt({ controlId: 'lane-2', mrn: 'lane' }), ticket: second }),
    ]);
    assert.deepEqual(
      answers.map((answer) => verdict(answer[0]?.toString('latin1'))),
      ['AA lane-1', 'AA lane-2'],
    );
    const values = await Promise.all((await parts.records()).map((record) => parts.serde.deserialize(record.value ?? Buffer.alloc(0))));
    assert.deepEqual(
      values.map((value) => value.controlId).filter((controlId) => controlId.startsWith('lane')),
      ['lane-1', 'lane-2'],
    );
  });

  it('that is refused lets the next one go', async () => {
    const lane = new Lane();
    const [first, second] = [lane.ticket(), lane.ticket()];
    const arrival = { peer: 'x', receivedAt: 0 };
    void exchange({ ...arrival, content: Buffer.from('junk'), ticket: first });
    const answer = await exchange({ ...arrival, content: adt({ controlId: 'next' }), ticket: second });
    assert.equal(verdict(answer[0]?.toString('latin1')), 'AA next');
  });
});
