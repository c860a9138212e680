/** The EHR's process: `node ehr.ts <task as JSON>`. Gives tokens, and its front the data. */
import { startSandboxEhr } from '../../src/sandbox/ehr/index.ts';
import type { EhrTask, FromEhr } from './messages.ts';

const { client, scopes, key } = JSON.parse(process.argv[2] ?? '') as EhrTask;
const { url, store } = await startSandboxEhr({ port: 0, tokenLifetime: 3_600, clients: [{ id: client, scopes, keys: { keys: [key] } }] });
// The runner is gone: nobody measures any more.
process.on('disconnect', () => process.exit(0));
const patients = store.search('Patient', new URLSearchParams()).map(({ id }) => id);
process.send?.({ kind: 'ready', url, patients } satisfies FromEhr);
