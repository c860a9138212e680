import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AortaError, error } from '../errors/index.ts';
import { composeUp, composeUrls } from './docker.ts';
import { localServices } from './local.ts';
import { withLock } from './machine/lock.ts';
import { isRunning, stop } from './machine/process.ts';
import { ensureBackward } from './registry/check.ts';
import { type ServiceName, serviceNames, variableOf } from './service.ts';
import { readState, serviceDir, servicesRoot, writeState } from './state.ts';

export interface UpOptions {
  /** Use Docker Compose for what neither the environment nor this machine's running services give. */
  readonly docker?: boolean;
  readonly only?: readonly ServiceName[];
  /** How long a service of the environment may take to answer. @default 15000 */
  readonly patienceMs?: number;
  readonly say?: (service: ServiceName, line: string) => void;
  /** Told of each service this call has launched, also when the call then fails: its caller can stop them again. */
  readonly onStarted?: (service: ServiceName) => void;
}

/** Where a service came from; `started` is true when this very call started it. */
export interface ServiceUp {
  readonly url: string;
  readonly where: 'environment' | 'local' | 'docker';
  readonly started: boolean;
}

/**
 * Makes every service answer: from its environment variable, else the one already running, else started here.
 * The services outlive this process. Concurrent calls wait for each other.
 * Throws AORTA_SVC_002 (something is missing), _004 (does not start), _005 (the variable points nowhere), _007 (Docker).
 */
export function servicesUp(options: UpOptions = {}): Promise<Readonly<Partial<Record<ServiceName, ServiceUp>>>> {
  const say = options.say ?? (() => undefined);
  return withLock(servicesRoot(), async () => {
    const names = options.only ?? serviceNames;
    const results = await Promise.allSettled(names.map((name) => one(name, options, (line) => say(name, line))));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    const up = Object.fromEntries(names.map((name, i) => [name, (results[i] as PromiseFulfilledResult<ServiceUp>).value]));
    if (up['registry']?.started)
      await ensureBackward(up['registry'].url).catch((thrown: unknown) => {
        const log = join(serviceDir('registry'), 'log');
        throw error('AORTA_SVC_004', { service: 'registry', problem: String(thrown), log }, { cause: thrown });
      });
    return up;
  });
}

async function one(name: ServiceName, options: UpOptions, say: (line: string) => void): Promise<ServiceUp> {
  const given = process.env[variableOf[name]];
  const known = readState(name);
  // `eval "$(aorta services env)"` sets the variable to a service of our own: that one is still ours to restart.
  if (given !== undefined && given !== '' && given !== known?.url) {
    await reachable(name, given, options.patienceMs ?? 15_000);
    say(`uses ${variableOf[name]}`);
    return { url: given, where: 'environment', started: false };
  }
  if (known !== undefined && (await alive(name))) {
    say(`already up at ${known.url}`);
    return { url: known.url, where: known.where, started: false };
  }
  const launched = () => options.onStarted?.(name);
  return options.docker === true ? startInDocker(name, say, launched) : startHere(name, say, launched);
}

async function reachable(name: ServiceName, url: string, patienceMs: number): Promise<void> {
  const problem = await answers(name, url, patienceMs, () => true);
  if (problem !== undefined) throw error('AORTA_SVC_005', { service: name, variable: variableOf[name], problem });
}

/** A process of ours that runs but does not answer is stopped, so that a fresh one can take its data. */
async function alive(name: ServiceName): Promise<boolean> {
  const state = readState(name);
  if (state === undefined) return false;
  const local = localServices[name];
  const answering = () =>
    local.check(state.url).then(
      () => true,
      () => false,
    );
  if (state.where === 'docker') return answering();
  if (state.pid === 0 || !isRunning(state)) return false;
  if ((await answers(name, state.url, 20_000, () => isRunning(state))) === undefined) return true;
  await stop(state, local.stopSignal);
  return false;
}

async function startHere(name: ServiceName, say: (line: string) => void, launched: () => void): Promise<ServiceUp> {
  const begun = performance.now();
  const dir = serviceDir(name);
  mkdirSync(dir, { recursive: true });
  const log = join(dir, 'log');
  appendFileSync(log, `--- aorta services up, ${new Date().toISOString()}\n`);
  const local = localServices[name];
  const started = await local.start({ dir, ports: readState(name)?.ports ?? {}, say }).catch((thrown: unknown) => {
    throw thrown instanceof AortaError
      ? thrown
      : error('AORTA_SVC_004', { service: name, problem: String(thrown), log }, { cause: thrown });
  });
  // Written before it is ready: a `down` after an interrupted `up` then still finds the process.
  writeState(name, { ...started, where: 'local' });
  launched();
  const problem = await answers(name, started.url, 120_000, () => isRunning(started));
  if (problem !== undefined) {
    await stop(started, local.stopSignal);
    throw error('AORTA_SVC_004', { service: name, problem, log });
  }
  say(`ready at ${started.url} (${((performance.now() - begun) / 1000).toFixed(1)} s)`);
  return { url: started.url, where: 'local', started: true };
}

async function startInDocker(name: ServiceName, say: (line: string) => void, launched: () => void): Promise<ServiceUp> {
  await composeUp(name, say);
  launched();
  const url = composeUrls[name];
  const problem = await answers(name, url, 60_000, () => true);
  if (problem !== undefined) throw error('AORTA_SVC_004', { service: name, problem, log: `docker compose logs ${name}` });
  writeState(name, { url, ports: {}, pid: 0, startedAt: '', where: 'docker' });
  say(`ready at ${url}`);
  return { url, where: 'docker', started: true };
}

/** Undefined once the service answers; else why not, after `waitMs` or as soon as its process is gone. */
async function answers(name: ServiceName, url: string, waitMs: number, running: () => boolean): Promise<string | undefined> {
  const deadline = performance.now() + waitMs;
  for (;;) {
    const problem = await localServices[name].check(url).then(
      () => undefined,
      (thrown: Error) => (thrown.cause instanceof Error ? thrown.cause.message : thrown.message),
    );
    if (problem === undefined) return undefined;
    if (!running()) return 'its process ended';
    if (performance.now() > deadline) return problem;
    await sleep(100);
  }
}
