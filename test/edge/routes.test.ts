import assert from 'node:assert/strict';
import { it } from 'node:test';
import { routeTable } from './table.ts';

/** Who may use what, and what is recorded of it. A line that changes here is a decision about patients' data. */
const agreed = `
GET  /healthz                      public
GET  /readyz                       public
GET  /metrics                      public
GET  /fhir/metadata                public
GET  /fhir/:type/:id               clinician,admin,service   read
GET  /fhir/:type                   clinician,admin,service   read
GET  /api/patients/:id/timeline    clinician,admin,service   read
GET  /api/wards                    clinician,admin           read, once a minute
GET  /api/ops/flows                viewer,operator,admin
GET  /api/ops/flows/:flow/graph    viewer,operator,admin
GET  /api/ops/why                  operator,admin            read
GET  /api/ops/trace/:eventId       operator,admin            read
GET  /api/ops/attention            viewer,operator,admin
GET  /api/ops/parked               operator,admin            read, once a minute
GET  /api/ops/parked/:flow/:key    operator,admin            read
POST /api/ops/parked/redrive       operator,admin            redrive
GET  /api/ops/dlq                  operator,admin            read, once a minute
GET  /api/ops/dlq/:flow/:id        operator,admin            read
POST /api/ops/dlq/redrive          operator,admin            redrive
POST /api/ops/dlq/release          operator,admin            release-brake
POST /api/ops/unmerge              admin                     unmerge
GET  /api/ops/quarantine           operator,admin            read, once a minute
GET  /api/ops/quarantine/:id       operator,admin            read
POST /api/ops/quarantine/:id/resubmit operator,admin         resubmit
POST /api/ops/quarantine/:id/fix   operator,admin            fix
POST /api/ops/quarantine/:id/dismiss operator,admin          dismiss
GET  /api/ops/topics               viewer,operator,admin
GET  /api/ops/topics/:topic/tail   clinician,admin           read
GET  /api/ops/live                 viewer,operator,admin
GET  /                             public
`;

it('every route has the access that was agreed, and HEAD the same as GET', async () => {
  const table = await routeTable();
  const isFile = ({ path }: { path: string }) => /\.(js|css|svg)$/.test(path);
  const line = ({ method, path, roles, audit }: (typeof table)[number]) => [method.padEnd(4), path, roles, audit].join(' ').trim();
  const wanted = agreed
    .trim()
    .split('\n')
    .map((each) => {
      const [, method = '', path = '', roles = '', audit = ''] = /^(\S+)\s+(\S+)\s+(\S+)(?:\s{2,}(.+))?$/.exec(each) ?? [];
      return line({ method, path, roles, audit });
    });
  assert.deepEqual(table.filter((row) => row.method !== 'HEAD' && !isFile(row)).map(line), wanted);
  const files = table.filter(isFile);
  assert.ok(files.length > 10 && files.every(({ method, roles }) => ['GET', 'HEAD'].includes(method) && roles === 'public'));
  for (const head of table.filter(({ method }) => method === 'HEAD')) {
    assert.ok(
      table.some((get) => get.method === 'GET' && get.path === head.path && get.roles === head.roles && get.audit === head.audit),
      head.path,
    );
  }
});
