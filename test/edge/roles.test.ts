import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import Fastify from 'fastify';
import { systemClock } from '../../src/clock/system.ts';
import { guardRoutes, type Role } from '../../src/edge/access.ts';
import { sendProblem } from '../../src/edge/problem.ts';
import { groups } from '../../src/edge/routes/index.ts';
import type { AuditEvent } from '../../src/governance/audit/port.ts';
import { routeTable } from './table.ts';

const roles: readonly (Role | 'none')[] = ['viewer', 'operator', 'clinician', 'auditor', 'admin', 'service', 'partner', 'none'];

/** Every route with the real guard; who calls is said by a header, in place of credentials. Handlers are cut off. */
async function guarded() {
  const denied: AuditEvent[] = [];
  const app = Fastify();
  app.addHook('onRoute', (route) => {
    const access = route.config?.access;
    if (!access || access.roles === 'public') return;
    const verify = async ({ headers }: { headers: Record<string, unknown> }) => ({
      id: 'somebody',
      roles: headers['x-role'] === 'none' ? [] : [headers['x-role'] as Role],
    });
    route.config = { ...route.config, access: { ...access, verify: verify as never } };
    // Before any handler or schema: that it got so far is what is asked.
    route.preValidation = async (_request, reply) => reply.code(204).send();
  });
  guardRoutes(app, { audit: { append: async (event: AuditEvent) => void denied.push(event) }, clock: systemClock } as never);
  app.setErrorHandler((thrown, request, reply) => sendProblem(request, reply, thrown));
  for (const routes of groups) await app.register(async (scope) => routes(scope, {} as never));
  await app.ready();
  return { app, denied };
}

describe('roles', async () => {
  const { app, denied } = await guarded();
  const table = (await routeTable()).filter(({ method, roles: may }) => method !== 'OPTIONS' && may !== 'public');

  it('there are routes to look at, and each names somebody', () => {
    assert.ok(table.length > 30);
    for (const { path, roles: may } of table) assert.notEqual(may, '', path);
  });

  for (const role of roles) {
    it(`${role}: exactly the routes that name it, and nothing else`, async () => {
      for (const { method, path, roles: may } of table) {
        const url = path.replaceAll(/:\w+/g, 'x');
        denied.length = 0;
        const { statusCode } = await app.inject({ method: method as 'GET', url, headers: { host: '127.0.0.1', 'x-role': role } });
        const allowed = may.split(',').includes(role);
        assert.equal(statusCode, allowed ? 204 : 403, `${role} ${method} ${path}`);
        assert.deepEqual(
          denied.map(({ actor, outcome }) => [actor, outcome]),
          allowed ? [] : [['somebody', 'denied']],
          `${role} ${method} ${path}`,
        );
      }
    });
  }
});
