import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { openEmbedded } from '../../src/runtime/embedded.ts';
import { openOnPostgres } from '../support/hospital/on-postgres.ts';
import { openSite, type Site } from '../support/hospital/site.ts';
import { type Answer, ask } from '../support/http.ts';
import { grownSince } from '../support/memory.ts';
import { routeTable } from './table.ts';

const MiB = 1024 * 1024;

/** Texts that have broken somebody's parser, and random ones. */
const nasty = fc.oneof(
  fc.constantFrom(
    ...[
      '',
      '0',
      '-1',
      '1e309',
      'NaN',
      '9007199254740993',
      '../../etc/passwd',
      '..%2f',
      '\u0000',
      '%00',
      '%zz',
      "' or 1=1 --",
      '$1',
      '{}',
      '[]',
    ],
    ...[
      '__proto__',
      'constructor',
      'Patient/__proto__',
      '\ud800',
      '\u202e',
      '🙂'.repeat(50),
      'a'.repeat(5_000),
      '|'.repeat(2_000),
      ','.repeat(2_000),
    ],
    ...['2024-13-45', 'eq2024', '1900-01-01T00:00:00.000000000000Z', `${'('.repeat(500)}`, `${'a+'.repeat(1_000)}!`, 'true', 'null'],
  ),
  fc.string({ maxLength: 200, unit: 'binary' }),
);
const names = fc.constantFrom(
  ...[
    'limit',
    'cursor',
    'from',
    'to',
    'flow',
    'patient',
    'partition',
    'key',
    'identifier',
    'family',
    'birthdate',
    'encounter',
    'date',
    '_count',
  ],
  ...['_id', '_include', '_sort', 'status', 'code', 'since', 'offset', 'id', 'topic', '__proto__', 'x'],
);
/** Positions of a list that are written as ours are and hold what ours do not. */
const cursors = fc
  .array(
    fc.oneof(nasty, fc.constantFrom<unknown>(0, -1, 1.5, 1e300, null, [], 'a\u0000b', '\u0000', '\ud800'), fc.integer(), fc.double()),
    { maxLength: 4 },
  )
  // JSON has no number that large, and a parser makes Infinity of it.
  .map((position) => Buffer.from(JSON.stringify(position).replace('1e+300', '1e999')).toString('base64url'));
const json = fc.oneof(
  fc.json({ maxDepth: 5 }),
  fc
    .record({ flow: nasty, key: nasty, patient: nasty, action: nasty, id: nasty, reason: nasty }, { requiredKeys: [] })
    .map((value) => JSON.stringify(value)),
  fc.constantFrom(
    '{"flow":',
    '[',
    `${'['.repeat(20_000)}`,
    `${'{"a":'.repeat(5_000)}1`,
    `{"flow":"${'x'.repeat(MiB)}"}`,
    '{"__proto__":{"a":1}}',
    '"',
    '\u0000',
  ),
);
const request = (routes: readonly { readonly method: string; readonly path: string }[]) =>
  fc.record({
    route: fc.constantFrom(...routes),
    segments: fc.array(nasty, { minLength: 4, maxLength: 4 }),
    query: fc.array(fc.oneof({ weight: 4, arbitrary: fc.tuple(names, nasty) }, fc.tuple(fc.constant('cursor'), cursors)), { maxLength: 5 }),
    body: json,
    type: fc.constantFrom('application/json', 'application/json; charset=utf-16', 'text/plain', 'application/fhir+json', ''),
  });

const encoded = (text: string): string => {
  try {
    return encodeURIComponent(text);
  } catch {
    return '%ed%a0%80';
  }
};

for (const [stores, open] of Object.entries({ SQLite: openEmbedded, PostgreSQL: openOnPostgres }))
  describe(`HTTP under attack, stores in ${stores}`, () => {
    let site: Site;
    before(async () => {
      site = await openSite({ open });
    });
    after(() => site.close());

    it('every route answers hostile parameters and bodies in bounds: no 500, little CPU time, no memory kept', async () => {
      // A stream of events never ends by itself: it has tests of its own.
      const routes = (await routeTable()).filter(({ method, path }) => method !== 'HEAD' && !/live|stream|\*/.test(path));
      assert.ok(routes.length > 15, `${routes.length} routes`);
      const rssBefore = process.memoryUsage().rss;
      const costs: { readonly ms: number; readonly what: string }[] = [];
      const seen = new Map<number, number>();
      await fc.assert(
        fc.asyncProperty(request(routes), async ({ route, segments, query, body, type }) => {
          let n = 0;
          const path = route.path.replace(/:\w+/g, () => encoded(segments[n++ % segments.length] ?? '') || 'x');
          const search = query.map(([name, value]) => `${encoded(name)}=${encoded(value)}`).join('&');
          const whole = `${path}${search ? `?${search}` : ''}`.slice(0, 8_000);
          const cpu = process.cpuUsage();
          const answer: Answer | undefined = await ask(site.url, whole, {
            method: route.method,
            headers: type === '' ? {} : { 'content-type': type },
            ...(route.method === 'GET' ? {} : { body }),
          }).catch((thrown: NodeJS.ErrnoException) => {
            // A body beyond the limit is answered before it was read to its end.
            assert.match(String(thrown.code), /EPIPE|ECONNRESET/);
            return undefined;
          });
          const { user, system } = process.cpuUsage(cpu);
          costs.push({ ms: (user + system) / 1000, what: `${route.method} ${route.path}` });
          if (!answer) return;
          seen.set(answer.status, (seen.get(answer.status) ?? 0) + 1);
          assert.ok(
            answer.status < 500 || answer.status === 503,
            `${route.method} ${whole}: ${answer.status} ${answer.text.slice(0, 300)}`,
          );
          if (answer.status >= 400) assert.match(answer.type, /json/);
        }),
        { numRuns: 400 },
      );
      const sorted = costs.toSorted((a, b) => a.ms - b.ms);
      const typical = sorted[Math.floor(sorted.length * 0.95)];
      // Client and server together, in one process: the CPU time of the request bounds what it can block the loop.
      assert.ok((typical?.ms ?? 0) < 100, `95 % of the requests cost less than ${typical?.ms} ms of CPU time`);
      const grown = await grownSince(rssBefore, 256 * MiB);
      assert.ok(grown < 256 * MiB, `memory is given back: ${grown} bytes are not`);
      assert.ok(seen.size > 1, `answers: ${JSON.stringify([...seen])}`);
      assert.equal((await ask(site.url, '/healthz')).status, 200);
    });

    it('work on a query grows with its length, not faster', async () => {
      const cost = async (length: number) => {
        const values: number[] = [];
        for (let n = 0; n < 12; n++) {
          const before = process.cpuUsage();
          await ask(site.url, `/fhir/Patient?identifier=${'a%7C'.repeat(length)}`);
          const { user, system } = process.cpuUsage(before);
          values.push((user + system) / 1000);
        }
        return Math.min(...values);
      };
      await cost(100);
      const [small, large] = [await cost(120), await cost(1_900)];
      assert.ok(large < small * 16 + 10, `${small} ms and, for 16 times the length, ${large} ms of CPU time`);
    });
  });
