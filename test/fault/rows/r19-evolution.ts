import { ok, rejects, strictEqual } from 'node:assert/strict';
import { AortaError } from '../../../src/errors/index.ts';
import { subjectOf } from '../../../src/schema/subject.ts';
import { entryTopic } from '../list/entry.ts';
import { broken, writerOfBroken, writerOfNewer } from '../list/versions.ts';
import { eventually } from '../support/product.ts';
import type { Row } from './row.ts';

export const r19: Row = {
  id: 'R19',
  promise: 'schema evolution at full load',
  fault:
    'the load switches to version 2 (one field more, with a default); version 3 (a long becomes a text) is registered, then forced past the registry',
  pass: 'version 2: no error, no restart; version 3 is refused with the field named; forced, it is parked with a code and never misread',
  async run(kit) {
    const fleet = await kit.fleet({ workers: 2 }, ({ patient }) => !patient.startsWith('forced'));
    fleet.load.start();
    await kit.seconds(6, 3);
    fleet.load.use(await writerOfNewer(fleet.registry, fleet.run));
    await kit.seconds(6, 3);
    let told = '';
    await rejects(fleet.registry.register(subjectOf(entryTopic(fleet.run).name), broken), (thrown: unknown) => {
      told = String((thrown as Error).message);
      return thrown instanceof AortaError && thrown.code === 'AORTA_SCHEMA_007';
    });
    ok(told.includes('seq'), `the field is named: ${told}`);
    await fleet.load.stop();
    fleet.load.use(await writerOfBroken(fleet.registry, fleet.run));
    for (let n = 0; n < 20; n++) await fleet.load.offer(`forced-${n}`, ['', '']);
    fleet.load.use({ serialize: fleet.load.serialize });
    fleet.load.start();
    await kit.seconds(5, 2);
    await fleet.load.stop();
    const held = () => fleet.ask<{ n: string }>(`select count(*) as n from aorta_held where key like 'forced-%' and due is null`);
    await eventually('the forced ones to be kept', async () => Number((await held())[0]?.n) === 20);
    await fleet.drained();
    const [misread] = await fleet.ask<{ n: string }>(`select count(*) as n from fault_list where patient like 'forced-%'`);
    strictEqual(Number(misread?.n), 0);
    strictEqual(fleet.workers.length, 2);
    ok(fleet.running.length === 2, 'no restart');
    strictEqual(await fleet.metric('aorta_flow_errors_total', { class: 'Defect' }), 0);
    const codes = await fleet.ask<{ error_code: string }>(
      `select distinct error_code from aorta_held where key like 'forced-%' and error_code is not null`,
    );
    return { refusal: 'AORTA_SCHEMA_007', forced: codes.map(({ error_code }) => error_code).join(' '), ...(await fleet.verify()) };
  },
};
