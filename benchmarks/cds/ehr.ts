/** The EHR's process: `node ehr.ts <task as JSON>`. The sandbox EHR for tokens and data, what reads it answers prepared. */
import { startSandboxEhr } from '../../src/sandbox/ehr/index.ts';
import { startFront } from './front.ts';
import type { EhrTask, FromEhr, ToEhr } from './messages.ts';

const { client, scopes, key } = JSON.parse(process.argv[2] ?? '') as EhrTask;
const tell = (message: FromEhr): void => void process.send?.(message);

const ehr = await startSandboxEhr({ port: 0, tokenLifetime: 3_600, clients: [{ id: client, scopes, keys: { keys: [key] } }] });
const front = await startFront(ehr.url);
process.on('message', (message: ToEhr) => {
  if (message.kind === 'reads') {
    const { user, system } = process.cpuUsage();
    return tell({ kind: 'reads', reads: front.taken(), cpuSeconds: (user + system) / 1e6 });
  }
  front.manner = message;
  return tell({ kind: 'set' });
});
// The runner is gone: nobody measures any more.
process.on('disconnect', () => process.exit(0));
const patients = ehr.store.search('Patient', new URLSearchParams()).map(({ id }) => id);
tell({ kind: 'ready', url: ehr.url, fhirBase: `${front.url}/fhir`, patients });
