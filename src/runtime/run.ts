import type { RunFlags } from '../cli/run-flags.ts';
import type { Worker } from './worker.ts';

/** Prints the ready event (contract.md) and serves until SIGTERM or SIGINT; a second signal ends at once. */
export async function serve(flags: RunFlags, worker: Worker, text: string, stop: () => Promise<void>): Promise<void> {
  const event = {
    event: 'ready',
    profile: worker.profile,
    http: worker.http,
    mllp: `${worker.mllp.host}:${worker.mllp.port}`,
    data: flags.data,
  };
  // Before the ready line: who reads it may send the signal at once.
  const stopped = new Promise<string>((resolve) => {
    let asked = false;
    for (const name of ['SIGTERM', 'SIGINT'] as const) {
      process.on(name, () => {
        if (asked) process.exit(130);
        asked = true;
        resolve(name);
      });
    }
  });
  process.stdout.write(flags.json ? `${JSON.stringify(event)}\n` : text);
  const signal = await stopped;
  worker.telemetry.log('info', 'worker.stopping', { signal });
  await stop();
  worker.telemetry.log('info', 'worker.stopped', {});
}
