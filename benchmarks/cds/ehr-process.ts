import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { assertion, assertionType } from '../../src/smart/assertion.ts';
import { makeKey, publicJwk, type SigningKey } from '../../src/smart/index.ts';
import type { EhrTask, FromEhr, Read, ToEhr } from './messages.ts';

const client = 'load';
const scopes = ['Patient', 'Encounter', 'Condition', 'MedicationRequest', 'Observation', 'AllergyIntolerance'].map(
  (type) => `system/${type}.rs`,
);

/** The sandbox EHR in a process of its own, as the load sees it. */
export class EhrProcess {
  readonly #child: ChildProcess;
  readonly #key: SigningKey;
  readonly url: string;
  readonly fhirBase: string;
  /** CPU time of the process when its reads were last asked for. */
  cpuSeconds = 0;
  readonly patients: readonly string[];

  private constructor(child: ChildProcess, key: SigningKey, { url, fhirBase, patients }: Extract<FromEhr, { kind: 'ready' }>) {
    this.#child = child;
    this.#key = key;
    this.url = url;
    this.fhirBase = fhirBase;
    this.patients = patients;
  }

  static async start(): Promise<EhrProcess> {
    const key: SigningKey = { key: await makeKey('ES384', client), kid: client, alg: 'ES384' };
    const task: EhrTask = { client, scopes, key: publicJwk(key.key) };
    const child = fork(new URL('./ehr.ts', import.meta.url), [JSON.stringify(task)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    const ready = await answerOf(child, 'ready');
    return new EhrProcess(child, key, ready);
  }

  /** Access tokens, as many as calls are under way at most: who reads is told apart by them. */
  async tokens(count: number): Promise<readonly string[]> {
    const all: string[] = [];
    while (all.length < count)
      all.push(...(await Promise.all(Array.from({ length: Math.min(20, count - all.length) }, () => this.#token()))));
    return all;
  }

  async #token(): Promise<string> {
    const signed = await assertion({
      ...{ clientId: client, audience: `${this.url}/token`, keys: [this.#key], algorithms: ['ES384'] },
      clock: { now: () => Date.now() },
      random: { bytes: (length) => randomBytes(length) },
    });
    const body = new URLSearchParams({
      ...{ grant_type: 'client_credentials', scope: scopes.join(' ') },
      ...{ client_assertion_type: assertionType, client_assertion: signed },
    });
    const answer = await fetch(`${this.url}/token`, { method: 'POST', body });
    const { access_token: token } = (await answer.json()) as { access_token?: string };
    if (token === undefined) throw new Error(`no token: ${answer.status}`);
    return token;
  }

  async set(fault: Extract<ToEhr, { kind: 'latency' | 'hang' }>): Promise<void> {
    this.#child.send(fault);
    await answerOf(this.#child, 'set');
  }

  /** Reads since the last time, by token, in the order of their arrival. */
  async reads(): Promise<ReadonlyMap<string, readonly Read[]>> {
    this.#child.send({ kind: 'reads' } satisfies ToEhr);
    const { reads, cpuSeconds } = await answerOf(this.#child, 'reads');
    this.cpuSeconds = cpuSeconds;
    return Map.groupBy(reads, ([token]) => token);
  }

  stop(): void {
    this.#child.disconnect();
  }
}

function answerOf<K extends FromEhr['kind']>(child: ChildProcess, kind: K): Promise<Extract<FromEhr, { kind: K }>> {
  return new Promise((resolve, reject) => {
    const done = (settle: () => void) => {
      child.off('message', heard).off('exit', ended);
      settle();
    };
    const heard = (message: FromEhr) => {
      if (message.kind === kind) done(() => resolve(message as Extract<FromEhr, { kind: K }>));
    };
    const ended = (code: number | null) => done(() => reject(new Error(`the EHR ended (${code})`)));
    child.on('message', heard).on('exit', ended);
  });
}
