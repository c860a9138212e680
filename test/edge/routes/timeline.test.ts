import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { openSite, type Site, until } from '../../support/hospital/site.ts';
import { ask } from '../../support/http.ts';

interface Timeline {
  readonly events: readonly {
    readonly type: string;
    readonly occurredAt: string;
    readonly source: { readonly system: string; readonly messageId: string };
  }[];
  readonly cursor?: string;
}
interface Wards {
  readonly wards: readonly {
    readonly name: string;
    readonly beds: number;
    readonly occupied: number;
    readonly rooms: readonly {
      readonly name: string;
      readonly beds: readonly {
        readonly name: string;
        readonly occupants: readonly { readonly name?: string; readonly patientId: string }[];
      }[];
    }[];
  }[];
}

describe('timeline and wards', () => {
  let site: Site;
  let patient = '';
  const timeline = (query = '') => ask(site.url, `/api/patients/${patient}/timeline${query}`);
  const wards = async () => (await ask(site.url, '/api/wards')).json<Wards>().wards;
  const inBeds = async () =>
    (await wards()).flatMap((ward) =>
      ward.rooms.flatMap((room) =>
        room.beds.flatMap((bed) => bed.occupants.map(({ name }) => `${ward.name}/${room.name}/${bed.name} ${name}`)),
      ),
    );

  before(async () => {
    site = await openSite();
    await site.send({ event: 'A01', at: '202601010800', place: '4W^401^A^GENHOSP', id: 'one' });
    await until('the bed is taken', async () => (await inBeds()).includes('4W/401/A Max Muster'));
    await site.send(
      { event: 'A02', at: '202601011200', place: 'ICU^3^A^GENHOSP', id: 'three' },
      { event: 'A08', at: '202601011000', place: '4W^401^A^GENHOSP', id: 'two' },
    );
    patient =
      (await wards()).flatMap((ward) => ward.rooms.flatMap((room) => room.beds.flatMap((bed) => bed.occupants)))[0]?.patientId ?? '';
    await until('all three are there', async () => (await timeline()).json<Timeline>().events.length === 3);
  });
  after(() => site.close());

  it('gives the events in the order in which they happened, with their sender and its message id', async () => {
    const { events } = (await timeline()).json<Timeline>();
    assert.deepEqual(
      events.map(({ type, source, occurredAt }) => [type, source.messageId, occurredAt]),
      [
        ['Admission', 'one', '2026-01-01T08:00:00.000Z'],
        ['Update', 'two', '2026-01-01T10:00:00.000Z'],
        ['Transfer', 'three', '2026-01-01T12:00:00.000Z'],
      ],
    );
  });

  it('gives pages that together are everything once', async () => {
    const ids: string[] = [];
    let cursor: string | undefined;
    do {
      const page = (await timeline(`?limit=1${cursor === undefined ? '' : `&cursor=${cursor}`}`)).json<Timeline>();
      assert.equal(page.events.length, 1);
      ids.push(...page.events.map(({ source }) => source.messageId));
      cursor = page.cursor;
    } while (cursor !== undefined);
    assert.deepEqual(ids, ['one', 'two', 'three']);
  });

  it('shows the bed that was left free, and the one that was taken', async () => {
    assert.deepEqual(await inBeds(), ['ICU/3/A Max Muster']);
    assert.deepEqual(
      (await wards()).map(({ name, beds, occupied }) => [name, occupied, beds]),
      [
        ['4W', 0, 1],
        ['ICU', 1, 1],
      ],
    );
  });

  it('says 404 for nobody, and refuses what is no limit, no cursor and no parameter', async () => {
    const nobody = await ask(site.url, '/api/patients/01NOBODY/timeline');
    assert.deepEqual([nobody.status, nobody.json()['code']], [404, 'AORTA_EDGE_004']);
    for (const query of [
      '?limit=0',
      '?limit=1.5',
      '?limit=-1',
      '?limit=1e3',
      '?limit=',
      '?limit=1&limit=2',
      '?cursor=x',
      '?cursor=W10',
      '?since=2026',
      '?cursor=',
    ]) {
      const answer = await timeline(query);
      assert.equal(answer.status, 400, query);
      assert.match(answer.type, /^application\/problem\+json/);
    }
    assert.equal((await timeline('?limit=999999')).status, 200);
  });
});
