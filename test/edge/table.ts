import Fastify from 'fastify';
import { groups } from '../../src/edge/routes/index.ts';

export interface Row {
  readonly method: string;
  readonly path: string;
  readonly roles: string;
  /** What is written into the audit chain, for a request with these parameters. */
  readonly audit: string;
}

const request = { params: { id: 'x', key: 'x', type: 'Patient' }, query: {}, body: { flow: 'x' } };

/** Every route with its declared access, as the running edge has them. */
export async function routeTable(): Promise<readonly Row[]> {
  const app = Fastify();
  const rows: Row[] = [];
  app.addHook('onRoute', ({ method, url, config }) => {
    const { roles, audit, watched } = config?.access ?? { roles: [] };
    const noted = audit?.(request as never).action ?? '';
    for (const each of [method].flat()) {
      rows.push({ method: each, path: url, roles: String(roles), audit: watched ? `${noted}, once a minute` : noted });
    }
  });
  for (const routes of groups) await app.register(async (scope) => routes(scope, {} as never));
  await app.ready();
  await app.close();
  return rows;
}
