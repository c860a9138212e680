import assert from 'node:assert/strict';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { systemClock, systemRandom } from '../../src/clock/system.ts';
import { createGuards, type Guards } from '../../src/guard/index.ts';
import { defineTarget } from '../../src/guard/target.ts';
import { createMemoryKeyed } from '../../src/keyed/memory/index.ts';
import { openEhr } from '../../src/runtime/ehr.ts';
import { ehrGuard, ehrTarget } from '../../src/runtime/ehr-guard.ts';
import { silentTelemetry } from '../../src/telemetry/port.ts';

describe('Requests to an EHR', () => {
  let guards: Guards;
  let base: string;
  let answer: (response: ServerResponse) => void;
  let requests = 0;
  const server = createServer((_request, response) => {
    requests++;
    answer(response);
  });
  before(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/fhir`;
    const keyed = await createMemoryKeyed({ clock: systemClock });
    guards = await createGuards({ clock: systemClock, random: systemRandom, telemetry: silentTelemetry, keyed, worker: 'w' });
  });
  after(async () => {
    guards.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  /** The code of each of `times` reads, one after the other. */
  async function reads(target: ReturnType<typeof defineTarget>, times: number, deadlineMs: number): Promise<string[]> {
    requests = 0;
    const ehr = await openEhr(
      'main',
      { fhirBase: base },
      {
        ...{ clock: systemClock, random: systemRandom, secrets: { get: async () => '' }, needed: () => [] },
        guard: () => ehrGuard(guards, target),
      },
    );
    const client = ehr.withToken('token');
    const codes: string[] = [];
    for (let n = 0; n < times; n++)
      codes.push(
        await client.read('Patient/p', { deadlineMs }).then(
          (found) => (found ? 'found' : 'none'),
          (thrown) => thrown.code,
        ),
      );
    await ehr.close();
    return codes;
  }

  it('that hang open its breaker: their deadline counts against it, and no more are sent until a probe', async () => {
    answer = () => {};
    const target = defineTarget('ehr-hanging', { breaker: { openMs: 60_000 } });
    const codes = await reads(target, 14, 400);
    // Five count; on a busy machine a caller may give up before the guard does, and that says nothing about the EHR.
    assert.ok(requests >= 5 && requests < 12, `${requests} requests`);
    // A call whose deadline passed before its request was on the way counts as well.
    const tried = codes.indexOf('AORTA_GUARD_001');
    assert.ok(tried >= requests, codes.join());
    for (const code of codes.slice(0, tried)) assert.match(code, /^AORTA_(EHR_001|GUARD_003)$/);
    assert.deepEqual(codes.slice(tried), Array(14 - tried).fill('AORTA_GUARD_001'));
  });

  it('that find nothing open nothing', async () => {
    answer = (response) => response.writeHead(404, { 'content-type': 'application/fhir+json' }).end('{"resourceType":"OperationOutcome"}');
    assert.deepEqual(await reads(ehrTarget('finding-nothing', undefined), 12, 5_000), Array(12).fill('none'));
    assert.equal(requests, 12);
  });

  it('that it asks to slow down wait for its Retry-After', async () => {
    answer = (response) => response.writeHead(429, { 'retry-after': '30' }).end();
    const codes = await reads(ehrTarget('busy', undefined), 3, 2_000);
    assert.equal(requests, 1);
    assert.deepEqual(codes, ['AORTA_EHR_003', 'AORTA_GUARD_002', 'AORTA_GUARD_002']);
  });
});
