import { error } from '../errors/index.ts';
import { isRunning } from './machine/process.ts';
import { type ServiceName, serviceNames, variableOf } from './service.ts';
import { readState } from './state.ts';

/** The environment variables of the services that are up. Throws AORTA_SVC_001 for the first one that is not. */
export function servicesEnv(): Readonly<Record<string, string>> {
  return Object.fromEntries(serviceNames.map((name) => [variableOf[name], addressOf(name)]));
}

function addressOf(name: ServiceName): string {
  const given = process.env[variableOf[name]];
  if (given !== undefined && given !== '') return given;
  const state = readState(name);
  if (state === undefined) throw error('AORTA_SVC_001', { service: name, problem: 'it has not been started' });
  if (state.where === 'local' && !isRunning(state)) throw error('AORTA_SVC_001', { service: name, problem: 'its process has ended' });
  return state.url;
}
