import type { RunFlags } from '../cli/run-flags.ts';
import { systemClock } from '../clock/system.ts';
import { within } from '../clock/within.ts';
import type { Worker } from './worker.ts';

/** Milliseconds for a stop: the ten seconds of contract.md, less what a process needs to end. */
const stopMs = 7_500;
/** Milliseconds for a process that has stopped to end by itself. */
const heldOpenMs = 1_500;

/** Prints the ready event (contract.md) and serves until SIGTERM or SIGINT, then drains for at most 7.5 s; a second signal ends at once. */
export async function serve(
  flags: RunFlags,
  worker: Worker,
  text: string,
  stop: () => Promise<void>,
  extra: { readonly sandbox?: { readonly ehr: string } } = {},
): Promise<void> {
  const event = {
    event: 'ready',
    profile: worker.profile,
    http: worker.http,
    mllp: `${worker.mllp.host}:${worker.mllp.port}`,
    ...(worker.mllps ? { mllps: `${worker.mllps.host}:${worker.mllps.port}` } : {}),
    ...extra,
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
  const finished = await within(systemClock, stopMs, stop());
  worker.telemetry.log(finished ? 'info' : 'warn', finished ? 'worker.stopped' : 'worker.stop.late', { ms: stopMs });
  // A store that does not answer must not keep us: what is not finished is the next owner's, as after a crash.
  if (!finished) process.exit(0);
  // A handle that somebody forgot to close must not keep us either: an orchestrator would kill us, and take it for a crash.
  setTimeout(() => {
    worker.telemetry.log('warn', 'worker.held-open', { reason: [...new Set(process.getActiveResourcesInfo())].join() });
    process.exit();
  }, heldOpenMs).unref();
}
