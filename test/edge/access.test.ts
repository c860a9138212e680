import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import Fastify from 'fastify';
import { systemClock } from '../../src/clock/system.ts';
import { guardRoutes } from '../../src/edge/access.ts';
import { startEdge } from '../../src/edge/index.ts';
import { AortaError } from '../../src/errors/index.ts';
import type { AuditEvent } from '../../src/governance/audit/port.ts';
import { ask, post } from '../support/http.ts';
import { byHand, openEdge, type TestEdge } from './edge.ts';
import { routeTable } from './table.ts';

/** Everything that shows or changes something. */
const guarded = (await routeTable())
  .filter(({ method, roles }) => roles !== 'public' && method !== 'OPTIONS')
  .map(({ method, path }) => [method, path.replaceAll(/:\w+/g, 'x')] as const);
const open = ['/healthz', '/readyz', '/metrics', '/fhir/metadata', '/.well-known/jwks.json', '/', '/app.js'];

describe('access', () => {
  it('listens nowhere but on loopback while nobody can log in', async () => {
    for (const host of ['0.0.0.0', '::', '10.0.0.1', 'example.org', '127.0.0.1.example.org', '']) {
      await assert.rejects(startEdge({ host } as never), (thrown: AortaError) => thrown.code === 'AORTA_EDGE_001', host);
    }
  });

  it('adds no route that does not say who may use it', async () => {
    const app = Fastify();
    guardRoutes(app, { audit: { append: async () => {} }, clock: systemClock } as never);
    assert.throws(() => app.get('/new', async () => 'x'), /declares no access/);
    await app.close();
  });

  describe('of a running edge', () => {
    let edge: TestEdge;
    before(async () => {
      edge = await openEdge(byHand);
    });
    after(() => edge.stop());
    const send = async (method: string, path: string, headers: Record<string, string>) => {
      return method === 'POST' ? post(edge.url, path, { flow: 'x' }, headers) : ask(edge.url, path, { method, headers });
    };

    for (const [method, path] of guarded) {
      it(`${method} ${path}: other hosts, credentials and other sites are refused, and recorded`, async () => {
        for (const [headers, status, code] of [
          [{ host: 'evil.example' }, 421, 'AORTA_EDGE_003'],
          [{ host: 'localhost.evil.example:80' }, 421, 'AORTA_EDGE_003'],
          [{ authorization: 'Bearer abc' }, 401, 'AORTA_EDGE_002'],
          [{ authorization: '' }, 401, 'AORTA_EDGE_002'],
          [{ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }, 403, 'AORTA_EDGE_007'],
        ] as const) {
          const answer = await send(method, path, headers);
          assert.equal(answer.status, status, JSON.stringify(headers));
          if (method !== 'HEAD') assert.match(answer.text, new RegExp(code));
          if (status === 401) assert.equal(answer.headers['www-authenticate'], 'Bearer');
          const last = edge.audited.at(-1);
          assert.deepEqual([last?.action, last?.outcome, last?.actor], ['denied', 'denied', 'anonymous']);
          assert.match(last?.target ?? '', new RegExp(`^${method} /(api|fhir|cds-services|jobs)\\b`));
        }
      });
    }

    for (const path of open) {
      it(`${path} is for everybody, under any name, but wrong credentials are never let pass`, async () => {
        assert.equal((await ask(edge.url, path, { headers: { host: 'monitor.example' } })).status, 200);
        assert.equal((await ask(edge.url, path, { headers: { authorization: 'Bearer abc' } })).status, 401);
      });
    }

    it('takes its own names', async () => {
      const { port } = new URL(edge.url);
      for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, 'LOCALHOST', '[::1]:80']) {
        assert.equal((await ask(edge.url, '/api/wards', { headers: { host } })).status, 200, host);
      }
    });

    it('lets only its own pages change something', async () => {
      const { host, port } = new URL(edge.url);
      for (const origin of [
        'http://evil.example',
        'null',
        'https://127.0.0.1',
        `https://${host}`,
        `http://127.0.0.1:${Number(port) - 1}`,
        `http://localhost:${port}`,
      ]) {
        const answer = await post(edge.url, '/api/ops/parked/redrive', { flow: 'x' }, { origin });
        assert.deepEqual([answer.status, answer.json()['code']], [403, 'AORTA_EDGE_007'], origin);
      }
      // The flow does not exist; but the request is looked at.
      assert.equal((await post(edge.url, '/api/ops/parked/redrive', { flow: 'x' }, { origin: `http://${host}` })).status, 404);
    });

    it('lets a person follow a link from elsewhere', async () => {
      const headers = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };
      assert.equal((await ask(edge.url, '/api/wards', { headers })).status, 200);
    });

    it('answers nothing that a browser may keep, run or put into another page', async () => {
      for (const path of ['/api/wards', '/fhir/Patient', '/nothing', '/metrics']) {
        const { headers } = await ask(edge.url, path);
        assert.equal(headers['cache-control'], 'no-store', path);
        assert.equal(headers['x-content-type-options'], 'nosniff');
        assert.equal(headers['cross-origin-resource-policy'], 'same-origin');
        assert.match(String(headers['content-security-policy']), /default-src 'none'/);
        assert.equal(headers['access-control-allow-origin'], undefined);
      }
    });
  });
});

describe('audit', () => {
  const patientPage = { events: [] };

  it('is written before the patient is read, and names route, actor and patient', async (t) => {
    const steps: string[] = [];
    let release = () => {};
    const written: AuditEvent[] = [];
    const edge = await openEdge(t, {
      audit: {
        append: async (event: AuditEvent) => {
          written.push(event);
          steps.push('audit begins');
          await new Promise<void>((resolve) => {
            release = resolve;
          });
          steps.push('audit durable');
        },
      } as never,
      canonical: {
        timeline: async () => {
          steps.push('read');
          return patientPage;
        },
      } as never,
    });
    const answer = ask(edge.url, '/api/patients/01ABC/timeline?limit=5').then((done) => {
      steps.push('answered');
      return done;
    });
    while (steps.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await new Promise((resolve) => setTimeout(resolve, 50));
    release();
    assert.equal((await answer).status, 200);
    assert.deepEqual(steps, ['audit begins', 'audit durable', 'read', 'answered']);
    const [{ at, ...event } = { at: 0 }] = written;
    assert.ok(Math.abs(at - Date.now()) < 60_000);
    assert.deepEqual(event, {
      actor: 'local-developer',
      action: 'read',
      target: 'GET /api/patients/:id/timeline',
      outcome: 'success',
      patientId: '01ABC',
    });
  });

  it('that cannot be written shows nothing', async (t) => {
    const reads: string[] = [];
    const edge = await openEdge(t, {
      audit: {
        append: () => Promise.reject(new AortaError('AORTA_AUDIT_002', 'Transient', 'The audit chain cannot be written.')),
      } as never,
      canonical: {
        wards: async () => reads.push('wards'),
        timeline: async () => reads.push('timeline'),
        readResource: async () => reads.push('fhir'),
      } as never,
    });
    for (const path of ['/api/wards', '/api/patients/1/timeline', '/fhir/Patient/1', '/api/ops/quarantine']) {
      const answer = await ask(edge.url, path);
      assert.deepEqual([answer.status, answer.headers['retry-after']], [503, '5'], path);
    }
    assert.deepEqual(reads, []);
  });

  it('has one record a minute of a page that watches, and one for each look at a patient', async (t) => {
    const clock = { ...systemClock, now: () => now };
    let now = 1_000_000;
    const edge = await openEdge(t, { clock });
    const look = async (path: string, times: number) => {
      for (let i = 0; i < times; i++) await ask(edge.url, path);
      return edge.audited.splice(0).length;
    };
    assert.equal(await look('/api/wards', 5), 1);
    now += 59_999;
    assert.equal(await look('/api/wards', 5), 0);
    assert.equal(await look('/api/ops/quarantine', 5), 1);
    now += 1;
    assert.equal(await look('/api/wards', 5), 1);
    now -= 10_000; // The clock was set back: rather a record too many.
    assert.equal(await look('/api/wards', 1), 1);
    assert.equal(await look('/api/patients/1/timeline', 3), 3);
    assert.equal(await look('/fhir/Patient/1', 3), 3);
  });

  it('names the patient where there is one, and keeps everything else that callers write out', async (t) => {
    const edge = await openEdge(t);
    const patientOf = async (path: string) => {
      await ask(edge.url, path);
      const [{ patientId, target } = { patientId: undefined, target: '' }] = edge.audited.splice(0);
      assert.doesNotMatch(target, /01ABC|Muster/);
      return patientId;
    };
    assert.equal(await patientOf('/fhir/Patient/01ABC'), '01ABC');
    assert.equal(await patientOf('/fhir/Encounter/01ABC'), undefined);
    assert.equal(await patientOf('/fhir/Encounter?patient=Patient/01ABC'), '01ABC');
    assert.equal(await patientOf('/api/ops/why?patient=01ABC'), '01ABC');
    assert.equal(await patientOf('/api/ops/parked/x/01ABC'), '01ABC');
    assert.equal(await patientOf('/api/patients/Max%20Muster/timeline'), undefined);
    assert.equal(await patientOf(`/api/patients/${'1'.repeat(65)}/timeline`), undefined);
  });
});
