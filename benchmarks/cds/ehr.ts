/** The EHR's process: `node ehr.ts <task as JSON>`. The sandbox EHR as it is; each read is timed where it is answered. */
import { subscribe } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';
import { startSandboxEhr } from '../../src/sandbox/ehr/index.ts';
import type { EhrTask, FromEhr, Read, ToEhr } from './messages.ts';

const { client, scopes, key } = JSON.parse(process.argv[2] ?? '') as EhrTask;
const tell = (message: FromEhr): void => void process.send?.(message);
const now = (): number => performance.timeOrigin + performance.now();

const began = new WeakMap<IncomingMessage, number>();
let reads: Read[] = [];
subscribe('http.server.request.start', (message) => began.set((message as { request: IncomingMessage }).request, now()));
subscribe('http.server.response.finish', (message) => {
  const { request } = message as { request: IncomingMessage };
  const from = began.get(request);
  if (from === undefined || !request.url?.startsWith('/fhir/')) return;
  reads.push([request.headers.authorization?.slice('Bearer '.length) ?? '', from, now()]);
});

const ehr = await startSandboxEhr({ port: 0, tokenLifetime: 3_600, clients: [{ id: client, scopes, keys: { keys: [key] } }] });
process.on('message', (message: ToEhr) => {
  if (message.kind === 'reads') {
    tell({ kind: 'reads', reads });
    reads = [];
    return;
  }
  ehr.faults.clear();
  if (message.kind === 'hang') ehr.faults.add({ route: '/fhir/*', kind: 'hang' });
  else if (message.ms > 0) ehr.faults.add({ route: '/fhir/*', kind: 'latency', ms: message.ms });
  tell({ kind: 'set' });
});
// The runner is gone: nobody measures any more.
process.on('disconnect', () => process.exit(0));
tell({ kind: 'ready', url: ehr.url, patients: ehr.store.search('Patient', new URLSearchParams()).map(({ id }) => id) });
