import { ok, strictEqual } from 'node:assert/strict';
import { eventually } from '../support/product.ts';
import type { Row } from './row.ts';

export const r09: Row = {
  id: 'R09',
  promise: 'a hung handler is found',
  fault: 'a handler of one patient that never ends and forgets its signal (deadline 5 s), under load',
  pass: 'the patient is held with a code and a reason within 30 s, its later entries behind it; `why` names it; all others flow',
  async run(kit) {
    const fleet = await kit.fleet({ workers: 2, env: { FAULT_DEADLINE: '5000' } }, ({ patient, seq }) => patient !== 'hung' || seq === 1);
    fleet.load.start();
    await kit.seconds(5, 2);
    await fleet.load.stop();
    const begun = performance.now();
    await fleet.load.offer('hung', ['', 'hang', '', '']);
    fleet.load.start();
    interface Wait {
      readonly reason: string;
      readonly code?: string;
      readonly behind?: number;
    }
    let found: Wait | undefined;
    await eventually(
      'why to name it',
      async () => {
        for (const worker of fleet.running) {
          const { waits } = await worker.get<{ waits: Wait[] }>('/api/ops/why?patient=hung');
          found = waits.find(({ code }) => code !== undefined) ?? found;
        }
        return found?.code !== undefined;
      },
      30_000,
    );
    const foundMs = Math.round(performance.now() - begun);
    await kit.seconds(12, 8);
    await fleet.load.stop();
    await fleet.drained();
    ok(/^(retry|held|parked)/.test(found?.reason ?? ''), JSON.stringify(found));
    const [errors] = [await fleet.metric('aorta_flow_errors_total')];
    ok(errors >= 1, 'a metric counts it');
    strictEqual((await fleet.ask(`select 1 from fault_list where patient = 'hung' and seq > 1`)).length, 0);
    return { foundMs, reason: `${found?.reason} ${found?.code}`, errors, ...(await fleet.verify()) };
  },
};
