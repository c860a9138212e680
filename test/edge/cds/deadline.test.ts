/** Row R38 of the fault table: an EHR that hangs. Under the full load: benchmarks/cds.ts, variant `hung`. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { eventually } from '../../assist/site.ts';
import { patientsOf } from '../../sandbox/ehr/open.ts';
import { post } from '../../support/http.ts';
import { hookBody, openCds } from './open.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

test('R38: every call is answered with 200 and no cards when it is due, its requests at the EHR are given up, and nothing of it stays', {
  timeout: 400_000,
}, async (t) => {
  let [asked, open] = [0, 0];
  const server = createServer((_request, response) => {
    asked++;
    open++;
    response.once('close', () => open--);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/fhir`;
  const { url, ehr, metric } = await openCds(t, { config: { budgetMs: 600 }, ehr: { fhirBase: base } });
  const [patientId = ''] = patientsOf(ehr);
  const access = { access_token: 't', token_type: 'Bearer', expires_in: 60, scope: 'user/*.rs', subject: 's' };
  const calls = 40;
  const round = async () => {
    const all = Array.from({ length: calls }, () =>
      post(url, '/cds-services/chart-review', hookBody(patientId, { fhirServer: base, fhirAuthorization: access })),
    );
    for (const answer of await Promise.all(all)) assert.deepEqual([answer.status, answer.json()], [200, { cards: [] }]);
    await eventually('all requests at the EHR are closed', () => (open === 0 ? true : undefined));
  };
  await round();
  assert.ok(asked > 0, 'the EHR was asked');
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let n = 0; n < 4; n++) await round();
  collect();
  const grown = (process.memoryUsage().heapUsed - before) / 1024 / 1024;
  assert.ok(grown < 10, `${grown} MiB more`);
  const counted = (await Promise.all(['late', 'incomplete'].map((outcome) => metric('aorta_cds_calls_total', { outcome })))).reduce(
    (a, b) => a + b,
  );
  assert.equal(counted, 5 * calls);
});
