import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AdviceRecord } from '../../../src/advice/port.ts';
import { createCdsHost } from '../../../src/edge/cds/index.ts';
import { createFhirClient } from '../../../src/fhir/client/index.ts';
import { type CdsAdvice, type CdsRun, clinicalReads, defineCdsService } from '../../../src/index.ts';
import { prometheusTelemetry } from '../../../src/ops/telemetry.ts';
import { deadlineGuard } from '../../../src/runtime/ehr-deadline.ts';
import { seededRandom, VirtualClock } from '../../../src/testing/virtual-clock.ts';
import { hookBody } from './open.ts';

type Run = CdsRun<'patient-view', 'patient' | 'labs'>;

/** A host on a clock that is told the time, before an EHR that never answers. */
function hosted(
  run: (run: Run) => CdsAdvice | Promise<CdsAdvice>,
  more: { reads?: boolean; defect?: boolean; identified?: () => Promise<never[]>; linkBases?: readonly string[] } = {},
) {
  const clock = new VirtualClock();
  const aborted: string[] = [];
  const recorded: AdviceRecord[] = [];
  const http = {
    send: ({ signal, what = '' }: { signal?: AbortSignal; what?: string }) =>
      new Promise<never>((_, reject) => {
        signal?.addEventListener('abort', () => {
          aborted.push(what);
          reject(signal.reason);
        });
      }),
    close: async () => {},
  };
  const client = createFhirClient({ base: 'https://ehr.example/fhir', http, guard: deadlineGuard(clock), clock });
  const telemetry = prometheusTelemetry({ level: 'silent' });
  const service = defineCdsService({
    ...{ id: 's', hook: 'patient-view', title: 't', description: 'd', requires: ['patient'] },
    reads: [clinicalReads.patient, clinicalReads.labs],
    run,
  });
  const host = createCdsHost({
    services: [service],
    ehrOf: () => {
      if (more.defect) throw new TypeError('SECRET');
      return {
        id: 'e',
        fhirBase: client.base,
        withToken: () => client,
        as: () => (more.reads ? client : undefined),
      };
    },
    canonical: { identified: more.identified ?? (async () => []) } as never,
    advice: { record: async (advice: readonly AdviceRecord[]) => void recorded.push(...advice) } as never,
    clock,
    random: seededRandom(1),
    telemetry,
    ...(more.linkBases ? { linkBases: more.linkBases } : {}),
  });
  const prefetch = { patient: { resourceType: 'Patient', id: 'p' }, labs: null };
  const call = (given: object = { prefetch }) => host.call('s', hookBody('p', given), { client: 'c', home: 'http://h' });
  return { clock, host, call, aborted, recorded, telemetry };
}
const card = { summary: 's', indicator: 'info', source: { label: 'l' } } as const;

test('a service that is not done 300 ms before 4.5 s: no cards, and its signal is aborted', async () => {
  let signal: AbortSignal | undefined;
  const { clock, call, recorded, host } = hosted((run) => {
    signal = run.signal;
    return new Promise(() => {});
  });
  const answer = call();
  await clock.advance(4_199);
  assert.equal(signal?.aborted, false);
  await clock.advance(1);
  assert.deepEqual([await answer, signal?.aborted], [{ cards: [] }, true]);
  await host.stop();
  assert.deepEqual(
    recorded.map(({ outcome, ms }) => [outcome, ms]),
    [['late', 4_200]],
  );
});

test('the budget counts from the beginning of the request: what it waited before is spent, and one that is too late is answered at once', async () => {
  for (const [waitedMs, leftMs] of [
    [3_000, 1_200],
    [4_500, 0],
    [9_000, 0],
  ] as const) {
    const { clock, host, recorded } = hosted(() => new Promise(() => {}));
    await clock.advance(20_000);
    const prefetch = { patient: { resourceType: 'Patient', id: 'p' }, labs: null };
    const since = clock.monotonic() - waitedMs;
    let answer: unknown;
    void host.call('s', hookBody('p', { prefetch }), { client: 'c', home: 'http://h', since }).then((given) => {
      answer = given;
    });
    if (leftMs > 0) {
      await clock.advance(leftMs - 1);
      assert.equal(answer, undefined);
    }
    await clock.advance(1);
    assert.deepEqual(answer, { cards: [] });
    await host.stop();
    assert.equal(recorded[0]?.outcome, 'late');
    assert.ok((recorded[0]?.ms ?? 0) >= waitedMs + leftMs);
  }
});

test('an answer waits for its audit record, and goes without anything when that is late or fails', async () => {
  const { clock, host } = hosted(() => [card]);
  const prefetch = { patient: { resourceType: 'Patient', id: 'p' }, labs: null };
  const call = (recorded: Promise<void>) => host.call('s', hookBody('p', { prefetch }), { client: 'c', home: 'http://h', recorded });
  let written = () => {};
  let answer: unknown;
  const waiting = call(
    new Promise((resolve) => {
      written = resolve;
    }),
  ).then((given) => {
    answer = given;
  });
  await clock.advance(4_000);
  assert.equal(answer, undefined);
  written();
  await waiting;
  assert.equal((answer as unknown as { cards: unknown[] }).cards.length, 1);
  const late = call(new Promise(() => {}));
  await clock.advance(4_500);
  assert.deepEqual(await late, { cards: [] });
  assert.deepEqual(await call(Promise.reject(new Error('the disk is full'))), { cards: [] });
});

test('a refusal waits for its audit record too, which is hurried; data that is missing is not told without it, and nothing is later than an answer', async () => {
  const { clock, host } = hosted(() => [card]);
  let hurried = 0;
  const call = (service: string, body: unknown, recorded: Promise<void>) =>
    host.call(service, body, { client: 'c', home: 'http://h', recorded, hurry: () => hurried++ }).then(
      (answer) => JSON.stringify(answer),
      (thrown: Error & { code?: string }) => thrown.code ?? thrown.message,
    );
  const nothing = '{"cards":[]}';
  for (const [service, body, code, unrecorded, late] of [
    ['s', { no: 'hook' }, 'AORTA_CDS_001', 'the disk is full', 'AORTA_CDS_001'],
    ['other', hookBody('p'), 'AORTA_EDGE_004', 'the disk is full', 'AORTA_EDGE_004'],
    ['s', hookBody('p'), 'AORTA_CDS_003', nothing, nothing],
  ] as const) {
    hurried = 0;
    let written = () => {};
    let answered: string | undefined;
    const waiting = call(
      service,
      body,
      new Promise((resolve) => {
        written = resolve;
      }),
    ).then((answer) => {
      answered = answer;
    });
    await clock.advance(4_000);
    assert.deepEqual([answered, hurried], [undefined, 1], code);
    written();
    await waiting;
    assert.equal(answered, code);
    assert.equal(await call(service, body, Promise.reject(new Error('the disk is full'))), unrecorded);
    const never = call(service, body, new Promise(() => {}));
    await clock.advance(4_500);
    assert.equal(await never, late);
  }
});

test('an EHR that hangs costs 3.5 s, every request there is given up, and the service is not asked to guess', async () => {
  let ran = 0;
  const { clock, call, aborted, recorded, host } = hosted(
    () => {
      ran++;
      return [card];
    },
    { reads: true },
  );
  const answer = call({});
  await clock.advance(3_500);
  assert.deepEqual(await answer, { cards: [] });
  assert.deepEqual([ran, aborted.toSorted()], [0, ['read Patient', 'search Observation']]);
  await host.stop();
  assert.equal(recorded[0]?.outcome, 'incomplete');
});

test('what is known is said when only a part hangs', async () => {
  const { clock, call } = hosted(({ data }) => [{ ...card, summary: `${data.labs.status}` }], { reads: true });
  const answer = call({ prefetch: { patient: { resourceType: 'Patient', id: 'p' } } });
  await clock.advance(3_500);
  assert.deepEqual(
    (await answer).cards.map(({ summary }) => summary),
    ['failed'],
  );
});

test('what is known is said when only a part hangs, also where the request had waited, and an EHR is not asked for what cannot come in time', async () => {
  for (const waitedMs of [1_000, 3_400, 3_600]) {
    const { clock, host, aborted } = hosted(({ data }) => [{ ...card, summary: `${data.labs.status}` }], { reads: true });
    await clock.advance(20_000);
    const since = clock.monotonic() - waitedMs;
    const prefetch = { patient: { resourceType: 'Patient', id: 'p' } };
    const answer = host.call('s', hookBody('p', { prefetch }), { client: 'c', home: 'http://h', since });
    await clock.advance(4_500);
    assert.deepEqual(
      (await answer).cards.map(({ summary }) => summary),
      ['failed'],
    );
    assert.equal(aborted.length, waitedMs < 3_500 ? 1 : 0);
  }
});

test('a store of our own that hangs costs what it knows, by name, and not what the EHR sent; after reads that hung too it has half of what is left', async () => {
  const identifier = [{ system: 's', value: 'v' }];
  const patient = { resourceType: 'Patient', id: 'p', identifier };
  for (const [prefetch, dueMs] of [
    [{ patient, labs: null }, 1_000],
    [{ patient }, 3_850],
  ] as const) {
    const { clock, host, recorded } = hosted(({ ownGaps }) => [{ ...card, summary: ownGaps().join() }], {
      reads: true,
      identified: () => new Promise(() => {}),
    });
    const answer = host.call('s', hookBody('p', { prefetch }), { client: 'c', home: 'http://h' });
    await clock.advance(dueMs);
    await host.stop();
    assert.deepEqual(
      recorded.map(({ outcome, ms }) => [outcome, ms]),
      [['incomplete', dueMs]],
    );
    assert.deepEqual(
      (await answer).cards.map(({ summary }) => summary),
      ['record'],
    );
  }
});

test('a card links to this Aorta or below a configured address, nowhere else, be it a page, a SMART app or its source; the advice stays', async () => {
  const link = (url: string, type: 'absolute' | 'smart' = 'absolute') => ({ label: 'l', url, type });
  const source = (url: string) => ({ label: 'l', url, icon: url });
  const { call, telemetry } = hosted(
    () => [
      { ...card, links: [link('http://h/patients'), link('https://evil.example/'), link('https://app.example/launch', 'smart')] },
      { ...card, links: [link('https://evil.example/launch', 'smart')], source: source('https://evil.example/i.png') },
      { ...card, source: source('https://app.example/launch/i.png') },
    ],
    { linkBases: ['https://app.example/launch'] },
  );
  const { cards } = await call();
  assert.deepEqual(
    cards.map(({ links, source }) => [links?.map(({ url }) => url), source]),
    [
      [['http://h/patients', 'https://app.example/launch'], { label: 'l' }],
      [undefined, { label: 'l' }],
      [undefined, source('https://app.example/launch/i.png')],
    ],
  );
  assert.equal((await telemetry.read('aorta_cds_dropped_links_total'))[0]?.value, 4);
});

test('a service that throws, at once or later, answers with no cards', async () => {
  for (const run of [
    () => {
      throw new Error('SECRET');
    },
    () => Promise.reject(new Error('SECRET')),
  ] as const)
    assert.deepEqual(await hosted(run).call(), { cards: [] });
});

test('a defect of ours, outside of the service, answers with no cards too', async () => {
  const { call, recorded, host } = hosted(() => [card], { defect: true });
  assert.deepEqual(await call(), { cards: [] });
  await host.stop();
  assert.equal(recorded[0]?.outcome, 'failed');
});

test('a card that is not valid is held back, counted, and takes no other with it', async () => {
  const long = { ...card, summary: 'x'.repeat(140) };
  const { call, telemetry } = hosted(() => [long, { ...card, links: [] }, card]);
  const { cards } = await call();
  assert.deepEqual(
    cards.map(({ summary }) => summary),
    ['s'],
  );
  assert.equal((await telemetry.read('aorta_cds_invalid_cards_total'))[0]?.value, 2);
});

test('what is no card at all, or cannot be written as JSON, takes no other with it either', async () => {
  const itself: Record<string, unknown> = {};
  itself['again'] = itself;
  const wrong = [
    null,
    undefined,
    7,
    [],
    { ...card, suggestions: 'x' },
    { ...card, extension: { itself } },
    { ...card, extension: { n: 1n } },
  ];
  const { call, telemetry } = hosted(() => [...(wrong as never[]), card]);
  const { cards } = await call();
  assert.deepEqual(
    cards.map(({ summary }) => summary),
    ['s'],
  );
  assert.doesNotThrow(() => JSON.stringify(cards));
  assert.equal((await telemetry.read('aorta_cds_invalid_cards_total'))[0]?.value, wrong.length);
});

test('[CDS 80, 119] cards and suggestions get a uuid where the service gave none, never the same one', async () => {
  const suggestion = { label: 'l', actions: [{ type: 'delete', description: 'd', resourceId: 'Task/1' }] } as const;
  const { call } = hosted(() => [card, { ...card, uuid: 'own', suggestions: [suggestion, suggestion], selectionBehavior: 'any' as const }]);
  const { cards } = await call();
  const uuids = cards.flatMap(({ uuid, suggestions = [] }) => [uuid, ...suggestions.map((each) => each.uuid)]);
  assert.equal(uuids[1], 'own');
  assert.equal(new Set(uuids).size, 4);
});

test('[CDS 75] system actions leave when they are valid, and are left out when there are none', async () => {
  const action = { type: 'update', resource: { resourceType: 'Task', id: '1' } } as const;
  const wrong = { type: 'update' } as never;
  assert.deepEqual((await hosted(() => ({ cards: [], systemActions: [action, wrong] })).call()).systemActions, [action]);
  assert.deepEqual(await hosted(() => ({ cards: [], systemActions: [] })).call(), { cards: [] });
});

test('what was answered is recorded with what was read for it, and a store that fails is counted, never waited for', async () => {
  const { call, recorded, host } = hosted(() => [card]);
  await call();
  await host.stop();
  assert.deepEqual(
    recorded.map(({ service, client, patient, outcome, cards, reads }) => [service, client, patient, outcome, cards.length, reads.length]),
    [['s', 'c', 'p', 'advised', 1, 2]],
  );
});
