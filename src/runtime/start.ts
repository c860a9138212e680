import { projectRoot } from '../cli/project.ts';
import type { StartFlags } from '../cli/run-flags.ts';
import { prometheusTelemetry } from '../ops/telemetry.ts';
import { loadConfig } from './config.ts';
import { openKafka, serviceAddresses } from './kafka.ts';
import { serve } from './run.ts';
import { startWorker } from './worker.ts';

/** `aorta start`: one worker on the real services. */
export async function runStart(flags: StartFlags): Promise<void> {
  const config = await loadConfig(flags.config);
  const addresses = serviceAddresses(process.env);
  const telemetry = prometheusTelemetry({ level: process.env['LOG_LEVEL'] ?? 'info' });
  const worker = await startWorker({
    ...flags,
    ...config,
    root: projectRoot(),
    open: (options) => openKafka(addresses, options),
    telemetry,
  });
  const text = `Aorta is running (kafka profile)\n  http  ${worker.http}\n  MLLP  ${worker.mllp.host}:${worker.mllp.port}\n`;
  await serve(flags, worker, text, () => worker.stop());
}
