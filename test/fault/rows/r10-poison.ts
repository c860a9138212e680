import { ok, strictEqual } from 'node:assert/strict';
import { eventually } from '../support/product.ts';
import type { Row } from './row.ts';

/** Of each bad patient only what came before the bad entry has an effect. */
const isBad = (patient: string) => /^(garbage|throw|exit)-/.test(patient);

export const r10: Row = {
  id: 'R10',
  promise: 'poison is isolated to its patient',
  fault:
    'under load: 20 patients with bytes that are no Avro, 20 whose handler throws (with patient data in the message), 1 whose handler ends the process; workers that end start again',
  pass: 'each is parked once, with its later entries behind it; the process ends at most 4 times for it (three after it was noted); no patient data in logs and metrics',
  async run(kit) {
    const fleet = await kit.fleet({ workers: 2 }, ({ patient, seq }) => !isBad(patient) || seq === 1);
    let ended = 0;
    let over = false;
    // What an operator's supervisor does.
    const supervisor = (async () => {
      while (!over) {
        for (const [n, worker] of fleet.workers.entries()) {
          if (worker.running) continue;
          ended++;
          strictEqual((await worker.exited).code, 70);
          await fleet.start(n);
        }
        await kit.seconds(0, 0.1);
      }
    })();
    try {
      fleet.load.start();
      await kit.seconds(5, 2);
      await fleet.load.stop();
      for (const kind of ['garbage', 'throw']) for (let n = 0; n < 20; n++) await fleet.load.offer(`${kind}-${n}`, ['', kind, '', '']);
      await fleet.load.offer('exit-0', ['', 'exit', '', '']);
      fleet.load.start();
      await kit.seconds(10, 5);
      await eventually(
        'all bad ones to be parked with what is behind them',
        async () =>
          Number((await fleet.ask<{ n: string }>(`select count(*) as n from aorta_held where key ~ '^(garbage|throw|exit)-'`))[0]?.n) ===
          41 * 3,
        120_000,
      );
      await fleet.load.stop();
      await fleet.drained();
    } finally {
      over = true;
      await supervisor;
    }
    ok(ended >= 1 && ended <= 4, `the process ended ${ended} times`);
    const heads = await fleet.ask<{ key: string; error_class: string; due: string | null }>(
      `select distinct on (key) key, error_class, due from aorta_held where key ~ '^(garbage|throw|exit)-' order by key, seq`,
    );
    strictEqual(heads.length, 41);
    for (const { key, due } of heads) strictEqual(due, null, `${key} waits for an operator`);
    return { parkedPatients: heads.length, processEnds: ended, ...(await fleet.verify()) };
  },
};
