import { projectRoot } from '../cli/project.ts';
import type { DevFlags } from '../cli/run-flags.ts';
import { prometheusTelemetry } from '../ops/telemetry.ts';
import { loadConfig } from './config.ts';
import { openEmbedded } from './embedded.ts';
import { serve } from './run.ts';
import { startSandbox } from './sandbox.ts';
import { startWorker } from './worker.ts';

/**
 * `aorta dev`: the embedded profile with a synthetic hospital, everything in this process. Reads `aorta.config.ts` where
 * there is one, as `aorta start` does.
 */
export async function runDev(flags: DevFlags): Promise<void> {
  const config = await loadConfig(undefined);
  const telemetry = prometheusTelemetry({ level: process.env['LOG_LEVEL'] ?? 'warn' });
  const sandbox = await startSandbox(flags.port);
  const worker = await startWorker({
    ...config,
    ...{ ...flags, root: projectRoot(), open: openEmbedded, telemetry },
    ...{ ehrs: { ...config.ehrs, ...sandbox.config }, localEhr: 'sandbox', secrets: sandbox.secrets, sandbox: sandbox.edge },
  }).catch(async (thrown: unknown) => {
    await sandbox.ehr.stop();
    throw thrown;
  });
  sandbox.introduce(worker.http);
  // Loaded after everything listens: a hospital that sends is not what makes us ready.
  const feed = flags.feed
    ? await (await import('../sandbox/feed/index.ts')).startFeed({ ...worker.mllp, canonical: worker.canonical })
    : undefined;
  const names = worker.flows.map((flow) => flow.name).join(', ');
  const text = `
  Aorta is running (embedded: one process, data in ${flags.data})

  dashboard   ${worker.http}/
  MLLP        ${worker.mllp.host}:${worker.mllp.port}${feed ? '   a synthetic hospital is sending' : ''}
  FHIR        ${worker.http}/fhir/Patient
  CDS Hooks   ${worker.http}/cds-services
  sandbox EHR ${sandbox.ehr.fhirBase}
  metrics     ${worker.http}/metrics
  flows       ${names}

  Ctrl-C stops it; the next start continues where it was.
`;
  const stop = async () => {
    await feed?.stop();
    await worker.stop();
    await sandbox.ehr.stop();
  };
  await serve(flags, worker, text, stop, { sandbox: { ehr: sandbox.ehr.url } });
}
