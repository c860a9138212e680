import { deepEqual, equal } from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Patient } from '../../src/fhir/r4.ts';
import { createMllpClient } from '../../src/sandbox/mllp-client.ts';
import { post } from '../support/http.ts';
import { type AdtText, adt } from '../topologies/adt-admissions/messages.ts';
import { oru } from '../topologies/lab-results/messages.ts';
import type { Product } from './support/product.ts';
import { type Site, site } from './support/site.ts';

interface Bundle<R> {
  readonly entry?: readonly { readonly resource: R }[];
}
interface Timeline {
  readonly events: readonly { readonly type: string; readonly source: { readonly messageId: string } }[];
}

async function until<T>(what: string, ask: () => Promise<T | undefined | false>): Promise<T> {
  for (let tries = 0; tries < 600; tries++) {
    const answer = await ask().catch(() => undefined);
    if (answer) return answer;
    await sleep(100);
  }
  throw new Error(`it did not happen: ${what}`);
}

const of = (patient: string, text: AdtText): AdtText => ({
  visit: `V${patient}`,
  ...text,
  pid: { 3: `${patient}^^^GENHOSP^MR`, ...text.pid },
});
const result = (id: string) =>
  oru({
    at: '202605011040',
    id,
    pid: { 3: 'b^^^GENHOSP^MR' },
    pv1: { 19: 'Vb^^^GENHOSP' },
    orders: [{ filler: 'F1', results: [{ value: '10' }] }],
  });

/** Events of B, each as often as it is sent under a new MSH-10: at once, after a restart, after a merge into A, after its undoing. */
const events: readonly AdtText[] = [
  { event: 'A01', at: '202605011000', place: 'W^1^1' },
  { event: 'A08', at: '202605011005', pid: { 13: '^PRN^PH^^^^555-0100' } },
  { event: 'A31', at: '202605011010', pv1: null, pid: { 11: 'Road 1^^Town' } },
  { event: 'A02', at: '202605011020', place: 'W^2^1' },
  { event: 'A03', at: '202605011030' },
];

/** Each event once in the timeline, whatever happened between its repetitions. */
export async function naturalDuplicateStory(t: TestContext, profile: Site['profile']): Promise<void> {
  const place = await site(profile);
  t.after(() => place.close());
  let product: Product = await place.worker();
  let round = 0;
  const send = async (message: string): Promise<void> => {
    const client = createMllpClient({ host: '127.0.0.1', port: product.mllpPort, attempts: 20 });
    try {
      for (let tries = 0; tries < 100; tries++) {
        if ((await client.send(message)).code === 'AA') return;
        await sleep(100);
      }
      throw new Error('it is not taken');
    } finally {
      await client.close();
    }
  };
  const find = async (value: string): Promise<Patient | undefined> =>
    (await product.get<Bundle<Patient>>(`/fhir/Patient?identifier=GENHOSP|${value}`)).entry?.[0]?.resource;
  const timeline = async (id: string) =>
    (await product.get<Timeline>(`/api/patients/${id}/timeline?limit=500`)).events.map(({ type, source }) => `${type} ${source.messageId}`);
  /** Everything again under new control ids, then an event that says that all of it was read. */
  const again = async (...more: string[]): Promise<void> => {
    round++;
    for (const text of events) await send(adt(of('b', { ...text, id: `again-${round}-${text.event}` })));
    await send(result(`again-${round}-R01`));
    for (const message of more) await send(message);
    await send(
      adt(
        of('b', { event: 'A31', at: `2026050112${10 + round}`, id: `mark-${round}`, pv1: null, pid: { 13: `^PRN^PH^^^^555-020${round}` } }),
      ),
    );
    await send(
      oru({
        at: `2026050112${10 + round}`,
        id: `lab-mark-${round}`,
        pid: { 3: 'b^^^GENHOSP^MR' },
        pv1: { 19: 'Vb^^^GENHOSP' },
        orders: [{ filler: `M${round}`, results: [{ value: '1' }] }],
      }),
    );
    await until(`round ${round} is read`, async () => {
      const id = (await find('b'))?.id;
      const told = id === undefined ? [] : await timeline(id);
      return told.some((each) => each.endsWith(` mark-${round}`)) && told.some((each) => each.endsWith(`lab-mark-${round}`));
    });
  };
  const expected = (rounds: number, ...more: string[]): string[] =>
    [
      ...[
        'Admission first-A01',
        'Update first-A08',
        'Update first-A31',
        'Transfer first-A02',
        'Discharge first-A03',
        'Result first-R01',
        ...more,
      ],
      ...Array.from({ length: rounds }, (_, n) => [`Update mark-${n + 1}`, `Result lab-mark-${n + 1}`]).flat(),
    ].sort();

  await send(adt(of('a', { event: 'A01', at: '202605010900', id: 'a-A01', place: 'W^3^1' })));
  for (const text of events) await send(adt(of('b', { ...text, id: `first-${text.event}` })));
  await send(result('first-R01'));
  await again();
  const b = (await find('b'))?.id as string;
  deepEqual((await timeline(b)).sort(), expected(1), 'at once');

  product.kill('SIGTERM');
  await product.exited;
  product = await place.worker();
  await again();
  deepEqual((await timeline(b)).sort(), expected(2), 'over a restart');

  const a40 = (id: string) =>
    adt({ event: 'A40', at: '202605011300', id, pv1: null, pid: { 3: 'a^^^GENHOSP^MR' }, more: ['MRG|b^^^GENHOSP^MR'] });
  await send(a40('merge'));
  const a = (
    await until('they are one', async () => {
      const [one, two] = [await find('a'), await find('b')];
      return one?.id === two?.id && one;
    })
  ).id as string;
  await again(a40('merge-again'));
  const both = expected(3, 'Admission a-A01', 'Merge merge');
  deepEqual((await timeline(a)).sort(), both, 'across a merge');
  product.kill('SIGKILL');
  await product.exited;
  product = await place.worker();
  await again();
  deepEqual((await timeline(a)).sort(), expected(4, 'Admission a-A01', 'Merge merge'), 'across a merge and a kill');
  const encounters = await product.get<Bundle<{ location?: unknown[] }>>(`/fhir/Encounter?patient=${b}`);
  equal(encounters.entry?.length, 2);

  await until(
    'the unmerge is taken',
    async () => (await post(product.http, '/api/ops/unmerge', { survivor: a, merged: b })).status === 202,
  );
  await until('they are two', async () => (await find('b'))?.id === b);
  await again();
  deepEqual((await timeline(b)).sort(), expected(5), 'after the merge was undone');
  deepEqual((await timeline(a)).sort(), ['Admission a-A01', 'Merge merge']);
}
