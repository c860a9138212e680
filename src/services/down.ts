import { composeDown } from './docker.ts';
import { localServices } from './local.ts';
import { withLock } from './machine/lock.ts';
import { isRunning, stop } from './machine/process.ts';
import { type ServiceName, serviceNames } from './service.ts';
import { forgetProcess, readState, removeService, servicesRoot } from './state.ts';

export interface DownOptions {
  readonly only?: readonly ServiceName[];
  /** Remove their data too. */
  readonly purge?: boolean;
  /** Change nothing, only say what would happen. */
  readonly dryRun?: boolean;
  readonly say?: (service: ServiceName, line: string) => void;
}

/** Stops the services that `up` started, by process id and start time; kills one that has not ended after 10 s. */
export function servicesDown(options: DownOptions = {}): Promise<Readonly<Partial<Record<ServiceName, string>>>> {
  const purge = options.purge ?? false;
  return withLock(servicesRoot(), async () => {
    const names = options.only ?? serviceNames;
    if (options.dryRun === true) return Object.fromEntries(names.map((name) => [name, plan(name, options)]));
    const docker = names.some((name) => readState(name)?.where === 'docker');
    if (docker) await composeDown(purge);
    const done = await Promise.all(
      names.map(async (name): Promise<[ServiceName, string]> => {
        const state = readState(name);
        const outcome =
          state === undefined ? 'not started' : state.where === 'docker' ? 'stopped' : await stop(state, localServices[name].stopSignal);
        if (purge) removeService(name);
        else forgetProcess(name);
        options.say?.(name, outcome === 'gone' ? 'was not running' : outcome);
        return [name, outcome];
      }),
    );
    return Object.fromEntries(done);
  });
}

function plan(name: ServiceName, options: DownOptions): string {
  const state = readState(name);
  const running = state !== undefined && (state.where === 'docker' || isRunning(state));
  const outcome = running ? `would stop ${state.where === 'docker' ? 'its container' : `process ${state.pid}`}` : 'not running';
  options.say?.(name, outcome);
  return outcome;
}
