import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { ServiceName, Started } from './service.ts';

/** What is known of a service that `up` started; kept in `<root>/<name>/state.json`. `pid` 0 means: runs in Docker. */
export interface ServiceState extends Started {
  readonly where: 'local' | 'docker';
}

/** The folder of all service state: `.services` of the project, or AORTA_SERVICES_DIR. */
export function servicesRoot(): string {
  return resolve(process.env['AORTA_SERVICES_DIR'] ?? resolve(import.meta.dirname, '../../.services'));
}

export function serviceDir(name: ServiceName): string {
  return join(servicesRoot(), name);
}

export function readState(name: ServiceName): ServiceState | undefined {
  try {
    return JSON.parse(readFileSync(join(serviceDir(name), 'state.json'), 'utf8')) as ServiceState;
  } catch {
    return undefined;
  }
}

export function writeState(name: ServiceName, state: ServiceState): void {
  mkdirSync(serviceDir(name), { recursive: true });
  const file = join(serviceDir(name), 'state.json');
  writeFileSync(`${file}.new`, `${JSON.stringify(state, null, 2)}\n`);
  renameSync(`${file}.new`, file);
}

/** Forgets the process but keeps the ports, so that the next start answers at the same address. */
export function forgetProcess(name: ServiceName): void {
  const state = readState(name);
  if (state !== undefined) writeState(name, { ...state, pid: 0, startedAt: '' });
}

export function removeService(name: ServiceName): void {
  const outside = readState(name)?.outside;
  if (outside !== undefined) rmSync(outside, { recursive: true, force: true });
  rmSync(serviceDir(name), { recursive: true, force: true });
}
