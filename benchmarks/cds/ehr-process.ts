import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { assertion, assertionType } from '../../src/smart/assertion.ts';
import { makeKey, publicJwk, type SigningKey } from '../../src/smart/index.ts';
import type { EhrTask, FromEhr, FromFront, Lateness, Read, ToFront } from './messages.ts';

const client = 'load';
const scopes = ['Patient', 'Encounter', 'Condition', 'MedicationRequest', 'Observation', 'AllergyIntolerance'].map(
  (type) => `system/${type}.rs`,
);

/** The sandbox EHR as the load sees it: a process for tokens and data, and one for its front, which the product reads from. */
export class EhrProcess {
  readonly #ehr: ChildProcess;
  readonly #front: ChildProcess;
  readonly #key: SigningKey;
  readonly url: string;
  readonly fhirBase: string;
  /** CPU time of the front when its reads were last asked for. */
  cpuSeconds = 0;
  /** Of the front's event loop, up to then. */
  lateness: Lateness = { p999Ms: 0, maxMs: 0 };
  readonly patients: readonly string[];

  private constructor(ehr: ChildProcess, front: ChildProcess, key: SigningKey, { url, patients }: FromEhr, fhirBase: string) {
    this.#ehr = ehr;
    this.#front = front;
    this.#key = key;
    this.url = url;
    this.fhirBase = fhirBase;
    this.patients = patients;
  }

  static async start(): Promise<EhrProcess> {
    const key: SigningKey = { key: await makeKey('ES384', client), kid: client, alg: 'ES384' };
    const task: EhrTask = { client, scopes, key: publicJwk(key.key) };
    const ehr = child('ehr.ts', JSON.stringify(task));
    const ready = await answerOf<FromEhr, 'ready'>(ehr, 'ready');
    const front = child('front-child.ts', ready.url, ['--expose-gc', '--min-semi-space-size=16', '--max-semi-space-size=16']);
    const { fhirBase } = await answerOf<FromFront, 'ready'>(front, 'ready');
    return new EhrProcess(ehr, front, key, ready, fhirBase);
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

  async set(fault: Extract<ToFront, { kind: 'latency' | 'hang' }>): Promise<void> {
    this.#front.send(fault);
    await answerOf<FromFront, 'set'>(this.#front, 'set');
  }

  /** Reads since the last time, by token, in the order of their arrival. */
  async reads(): Promise<ReadonlyMap<string, readonly Read[]>> {
    this.#front.send({ kind: 'reads' } satisfies ToFront);
    const { reads, cpuSeconds, lateness } = await answerOf<FromFront, 'reads'>(this.#front, 'reads');
    this.cpuSeconds = cpuSeconds;
    this.lateness = lateness;
    return Map.groupBy(reads, ([token]) => token);
  }

  stop(): void {
    this.#front.disconnect();
    this.#ehr.disconnect();
  }
}

const child = (file: string, argument: string, execArgv: readonly string[] = []): ChildProcess =>
  fork(new URL(`./${file}`, import.meta.url), [argument], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], execArgv: [...execArgv] });

function answerOf<M extends { readonly kind: string }, K extends M['kind']>(from: ChildProcess, kind: K): Promise<Extract<M, { kind: K }>> {
  return new Promise((resolve, reject) => {
    const done = (settle: () => void) => {
      from.off('message', heard).off('exit', ended);
      settle();
    };
    const heard = (message: M) => {
      if (message.kind === kind) done(() => resolve(message as Extract<M, { kind: K }>));
    };
    const ended = (code: number | null) => done(() => reject(new Error(`the EHR ended (${code})`)));
    from.on('message', heard).on('exit', ended);
  });
}
