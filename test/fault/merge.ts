import { deepEqual, equal, ok } from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Encounter, Patient } from '../../src/fhir/r4.ts';
import { createMllpClient, type MllpClient, type ReceivedAck } from '../../src/sandbox/mllp-client.ts';
import { freePort } from '../../src/services/machine/port.ts';
import { post } from '../support/http.ts';
import { type AdtText, adt } from '../topologies/adt-admissions/messages.ts';
import type { Product } from './support/product.ts';
import { type Site, site } from './support/site.ts';

interface Bundle {
  readonly entry?: readonly { readonly resource: unknown }[];
}
interface Timeline {
  readonly events: readonly { readonly type: string; readonly source: { readonly messageId: string } }[];
  readonly cursor?: string;
}
interface Wards {
  readonly wards: readonly {
    readonly rooms: readonly {
      readonly name: string;
      readonly beds: readonly { readonly occupants: readonly { readonly patientId: string }[] }[];
    }[];
  }[];
}

/** Event n of a patient: it admits, then moves to a bed of its own, a minute later each. */
const step = (patient: string, n: number): AdtText => ({
  event: n === 0 ? 'A01' : 'A02',
  at: at(n),
  id: `${patient}-${n}`,
  place: `W^${patient}${n}^1`,
  visit: `V${patient}`,
  pid: { 3: `${patient}^^^GENHOSP^MR` },
});
const at = (n: number) =>
  `202605${String(1 + Math.floor(n / 1440)).padStart(2, '0')}${String(Math.floor(n / 60) % 24).padStart(2, '0')}${String(n % 60).padStart(2, '0')}`;

const a40 = (id: string, survivor: string, merged: string): string =>
  adt({ event: 'A40', at: '202605201200', id, pv1: null, pid: { 3: `${survivor}^^^GENHOSP^MR` }, more: [`MRG|${merged}^^^GENHOSP^MR`] });

async function until<T>(what: string, ask: () => Promise<T | undefined | false>): Promise<T> {
  for (let tries = 0; tries < 1_200; tries++) {
    const answer = await ask().catch(() => undefined);
    if (answer) return answer;
    await sleep(100);
  }
  throw new Error(`it did not happen: ${what}`);
}

/** What the product's readers see. */
function reader(product: () => Product) {
  const found = async (identifier: string): Promise<readonly Patient[]> =>
    ((await product().get<Bundle>(`/fhir/Patient?identifier=GENHOSP|${identifier}`)).entry ?? []).map(
      ({ resource }) => resource as Patient,
    );
  return {
    found,
    async timeline(patient: string) {
      const events: Timeline['events'][number][] = [];
      for (let cursor: string | undefined = ''; cursor !== undefined; ) {
        const page: Timeline = await product().get<Timeline>(
          `/api/patients/${patient}/timeline?limit=500${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`,
        );
        events.push(...page.events);
        cursor = page.cursor;
      }
      return events.map(({ type, source }) => (type === 'Merge' ? 'Merge' : source.messageId));
    },
    async encounters(patient: string) {
      const bundle = await product().get<Bundle>(`/fhir/Encounter?patient=${patient}`);
      return (bundle.entry ?? []).map(({ resource }) => resource as Encounter);
    },
    patient: (id: string) => product().get<Patient>(`/fhir/Patient/${id}`),
    async occupants() {
      const { wards } = await product().get<Wards>('/api/wards');
      return wards.flatMap(({ rooms }) =>
        rooms.flatMap(({ name, beds }) => beds.flatMap(({ occupants }) => occupants.map(({ patientId }) => `${name} ${patientId}`))),
      );
    },
  };
}

/**
 * A merge of B into A in the middle of 1,000 events of both, from four senders that wait for their answers, then its
 * undoing. `kill`: the worker that takes the A40 is killed while it does.
 */
export async function mergeStory(
  t: TestContext,
  profile: Site['profile'],
  { workers, kill }: { workers: number; kill: boolean },
): Promise<void> {
  const place = await site(profile);
  t.after(() => place.close());
  const products: Product[] = [];
  // Ports that the kernel gives to nobody else while the killed worker is away and its senders call in vain.
  const ports = async () => (kill ? { mllpPort: await freePort(), httpPort: await freePort() } : {});
  for (let n = 0; n < workers; n++) products.push(await place.worker({ name: `w${n}`, ...(await ports()) }));
  const clients: MllpClient[] = products.map(({ mllpPort }) =>
    createMllpClient({ host: '127.0.0.1', port: mllpPort, inFlight: 8, attempts: 200, timeoutMs: 20_000 }),
  );
  t.after(async () => {
    for (const client of clients) await client.close();
  });
  const acked = new Set<string>();
  const send = async (which: number, message: string): Promise<ReceivedAck> => (clients[which % workers] as MllpClient).send(message);
  const taken = async (which: number, text: AdtText): Promise<void> => {
    // Negative when a store is away for a moment, or another instance still owes it: a hospital's engine sends again.
    for (let tries = 0; ; tries++) {
      const ack = await send(which, adt(text));
      if (ack.code === 'AA') break;
      if (tries > 200) throw new Error(`${text.id}: ${ack.code} ${ack.errors[0]?.text}`);
      await sleep(100);
    }
    acked.add(text.id ?? '');
  };

  // Two senders a patient; each event's number says when it happened.
  let merging: Promise<void> | undefined;
  const merge = async () => {
    const ack = send(0, a40('merge', 'a', 'b'));
    if (kill) {
      await sleep(3);
      const [first] = products as [Product];
      const { mllpPort, httpPort } = first;
      first.kill('SIGKILL');
      await first.exited;
      products[0] = await place.worker({ name: 'w0', mllpPort, httpPort });
    }
    equal((await ack).code, 'AA');
  };
  await Promise.all([taken(0, step('a', 0)), taken(1, step('b', 0))]);
  // What comes 256 events of its patient too late is in the timeline only: no sender gets far ahead of the other one.
  const at = [0, 0, 0, 0];
  await Promise.all(
    [0, 1, 2, 3].map(async (sender) => {
      const patient = sender < 2 ? 'a' : 'b';
      for (let n = 1 + (sender % 2); n < 500; n += 2) {
        while (n > (at[sender ^ 1] as number) + 100) await sleep(5);
        if (acked.size >= 500) merging ??= merge();
        await taken(sender, step(patient, n));
        at[sender] = n;
      }
      at[sender] = 500;
    }),
  );
  await merging;
  ok(merging && acked.size === 1_000);

  const read = reader(() => products[workers - 1] as Product);
  // The number comes with the first event under it, the link with the merged patient's own turn, which may be a backlog later.
  const replaced = (patient: Patient | undefined) => patient?.link?.find(({ type }) => type === 'replaces')?.other.reference;
  const [survivor] = await until('the survivor has both numbers, and says whom it replaces', async () => {
    const [one, two] = [await read.found('a'), await read.found('b')];
    return one.length === 1 && two.length === 1 && one[0]?.id === two[0]?.id && replaced(one[0]) !== undefined && one;
  });
  const id = survivor?.id as string;
  const merged = replaced(survivor)?.replace('Patient/', '') as string;
  const all = ['a', 'b'].flatMap((patient) => Array.from({ length: 500 }, (_, n) => `${patient}-${n}`));
  await until('every event is in the timeline', async () => (await read.timeline(id)).length >= 1_001);
  deepEqual((await read.timeline(id)).sort(), ['Merge', ...all].sort(), 'each once, none lost');
  deepEqual(new Set(await read.timeline(merged)), new Set(await read.timeline(id)), 'by either id');
  const gone = await read.patient(merged);
  deepEqual([gone.active, gone.link], [false, [{ other: { reference: `Patient/${id}` }, type: 'replaced-by' }]]);
  const stays = async (patient: string) =>
    (await read.encounters(patient)).map((encounter) => [
      encounter.identifier?.[0]?.value,
      encounter.location?.length,
      encounter.subject?.reference,
    ]);
  const both = [
    ['Va', 500, `Patient/${id}`],
    ['Vb', 500, `Patient/${merged}`],
  ];
  deepEqual((await stays(id)).sort(), both);
  deepEqual((await read.occupants()).sort(), [`a499 ${id}`, `b499 ${id}`]);

  const self = await send(0, a40('self', 'b', 'b'));
  deepEqual([self.code, self.errors.map(({ condition }) => condition)], ['AE', ['205']]);
  equal((await send(0, a40('merge', 'a', 'b'))).code, 'AA', 'the same again');
  equal((await send(workers - 1, a40('reversed', 'b', 'a'))).code, 'AA');
  await taken(workers - 1, step('b', 500));
  await until('what comes for the old number lands on the survivor', async () => (await read.timeline(id)).includes('b-500'));
  equal((await read.found('a'))[0]?.id, id);
  equal((await read.patient(id)).active, undefined, 'no circle');

  const url = (products[workers - 1] as Product).http;
  const dry = await post(url, '/api/ops/unmerge', { survivor: id, merged, dryRun: true });
  deepEqual([dry.status, dry.json()['identifiers']], [200, 1]);
  equal((await post(url, '/api/ops/unmerge', { survivor: merged, merged: id })).status, 409);
  const undone = await until('the unmerge is taken', async () => {
    const answer = await post(url, '/api/ops/unmerge', { survivor: id, merged });
    return answer.status === 202 && answer;
  });
  ok(undone.json()['eventId']);
  await taken(0, step('b', 501));
  await taken(0, step('a', 501));
  await until('both are two again', async () => {
    const [one, two] = [await read.timeline(id), await read.timeline(merged)];
    return one.includes('a-501') && two.includes('b-501');
  });
  const own = (patient: string, count: number) => Array.from({ length: count }, (_, n) => `${patient}-${n}`);
  deepEqual(new Set(await read.timeline(merged)), new Set([...own('b', 500), 'b-500', 'b-501']));
  deepEqual(new Set(await read.timeline(id)), new Set(['Merge', ...own('a', 500), 'a-501']));
  deepEqual(await stays(id), [['Va', 501, `Patient/${id}`]]);
  deepEqual(await stays(merged), [['Vb', 502, `Patient/${merged}`]]);
  const [back] = await read.found('b');
  deepEqual([back?.id, back?.active, back?.link], [merged, undefined, undefined]);
  equal((await read.patient(id)).link, undefined);
}
