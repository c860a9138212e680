import { ok } from 'node:assert/strict';
import type { Row } from './row.ts';

export const r11: Row = {
  id: 'R11',
  promise: 'retries keep the order of the patient',
  fault: '5 % of the patients have an entry that fails twice (5 s, 30 s); a worker is killed and another one stopped between the tries',
  pass: 'each entry in its place, in the end; the other patients do not wait (p99 below 10 s)',
  async run(kit) {
    // Every 20th patient's third entry.
    const act = (patient: string, seq: number) => (seq === 3 && Number(patient.slice(1)) % 20 === 0 ? 'transient 2' : '');
    const patients = Math.min(kit.patients, 1_000);
    const fleet = await kit.fleet({ workers: 2, load: { random: kit.random, rate: kit.rate, patients, act } });
    fleet.load.start();
    await kit.seconds(12, 12);
    fleet.workers[0]?.kill('SIGKILL');
    await fleet.workers[0]?.exited;
    await fleet.start(0);
    await fleet.end(1);
    await fleet.start(1);
    await kit.seconds(5, 3);
    await fleet.load.stop();
    const drainedMs = await fleet.drained(120_000);
    const retried = fleet.load.sent.filter((sent) => sent.act !== '').length;
    ok(retried > 0);
    const [p99] = await fleet.ask<{ p99: number }>(
      `select percentile_cont(0.99) within group (order by applied_at - intended_at) as p99 from fault_list where substr(patient, 2)::int % 20 <> 0`,
    );
    const others = Math.round(p99?.p99 ?? 0);
    ok(others < 10_000, `p99 of the others ${others} ms`);
    return { patientsThatRetried: retried, othersP99Ms: others, drainedMs, ...(await fleet.verify()) };
  },
};
