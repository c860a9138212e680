/**
 * CDS Hooks under load: the product in its process, the sandbox EHR in another, its front (which answers reads prepared) in a
 * third, the load in this one. patient-view calls
 * with valid EHR tokens at a fixed rate, open loop, latency from the intended time of sending.
 *
 *   node benchmarks/cds.ts [--profile embedded|kafka] [--variants healthy,prefetch,hung,overload,cost] [--rate 200] [--seconds 20]
 *     [--read-ms 40] [--alg RS384|ES384] [--prof DIR] [--json]
 *
 * - healthy: no prefetch, six reads each, which take `--read-ms`; beside the latency, what each answer took beyond the
 *   slowest of its own reads as the EHR measured it.
 * - cost: as healthy, four at a time, a call after the other: CPU time of a call, which a busy machine changes least.
 * - prefetch: everything comes along. hung: no read is ever answered. overload: 1,000 a second, four times the quota,
 *   and another client that sends 20 a second meanwhile (`good`).
 */
import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { clinicalReads, fill } from '../src/fhir/client/index.ts';
import { makeKey, publicJwk, sign } from '../src/smart/index.ts';
import { EhrProcess } from './cds/ehr-process.ts';
import { quantiles, slowestReads, statuses } from './cds/figures.ts';
import { type Call, connect, connections, inTurn, load, type Outcome } from './cds/load.ts';
import { type Measured, measured } from './cds/product.ts';

const { values } = parseArgs({
  options: {
    profile: { type: 'string', default: 'embedded' },
    variants: { type: 'string', default: 'healthy,prefetch,hung,overload,cost' },
    rate: { type: 'string', default: '200' },
    seconds: { type: 'string', default: '20' },
    'read-ms': { type: 'string', default: '40' },
    alg: { type: 'string', default: 'RS384' },
    prof: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const [rate, seconds, readMs] = [Number(values.rate), Number(values.seconds), Number(values['read-ms'])];
const alg = values.alg === 'ES384' ? 'ES384' : 'RS384';
const issuer = 'https://load.example';
const path = '/cds-services/chart-review';
/** 2,000 calls at 200 a second: what V8 compiles later is compiled by then. */
const warmUpSeconds = 10;
/** Calls a second of the client that keeps to its quota while the other does not. */
const goodRate = 20;
/** More than are under way at once while the EHR is well. */
const tokenCount = 400;

interface Shape {
  readonly prefetch: boolean;
  /** Four at a time in place of a rate. */
  readonly inTurn?: boolean;
  readonly rate: number;
  readonly fault: { readonly kind: 'latency'; readonly ms: number } | { readonly kind: 'hang' };
}
const shapes: Readonly<Record<string, Shape>> = {
  healthy: { prefetch: false, rate, fault: { kind: 'latency', ms: readMs } },
  cost: { prefetch: false, inTurn: true, rate, fault: { kind: 'latency', ms: 0 } },
  prefetch: { prefetch: true, rate, fault: { kind: 'latency', ms: readMs } },
  hung: { prefetch: false, rate, fault: { kind: 'hang' } },
  overload: { prefetch: false, rate: 1_000, fault: { kind: 'latency', ms: readMs } },
};

setFlagsFromString('--expose-gc');
const key = await makeKey(alg, 'load-1');
const ehr = await EhrProcess.start();
const results: Record<string, object> = {};
try {
  const tokens = await ehr.tokens(tokenCount);
  const prefetches = await prefetched(tokens[0] ?? '');
  for (const name of values.variants.split(',')) {
    const shape = shapes[name];
    if (!shape) throw new Error(`there is no variant ${name}`);
    // Each in a product of its own: a breaker that the one before opened says nothing about this one.
    const under = await measured({
      ...{ profile: values.profile === 'kafka' ? 'kafka' : 'embedded', fhirBase: ehr.fhirBase, issuer, key: publicJwk(key) },
      // A call after the other is more than the quota on a fast machine: a third was refused, and made the calls look cheap.
      unlimited: shape.inTurn === true,
      prof: values.prof && `${values.prof}/${name}`,
    });
    try {
      results[name] = await measure(name, shape, under, tokens, prefetches);
    } finally {
      await under.close();
    }
  }
} finally {
  ehr.stop();
}
if (values.json) process.stdout.write(`${JSON.stringify({ workload: 'cds', profile: values.profile, results })}\n`);

async function measure(
  name: string,
  { prefetch, inTurn: turns = false, rate: perSecond, fault }: Shape,
  { product, usage }: Measured,
  tokens: readonly string[],
  prefetches: readonly object[],
): Promise<object> {
  const tokenOf = (n: number) => tokens[n % tokens.length] ?? '';
  /** CPU time of a call in each quarter, in the order of the calls: compiling is in the first ones. */
  const quarters: { readonly process: number; readonly loop: number }[] = [];
  const run = async (runSeconds: number, runRate: number, client = 'load'): Promise<readonly Outcome[]> => {
    // Signed in advance: what signing costs is the EHR's.
    const signed = await Promise.all(
      Array.from({ length: Math.round(runRate * runSeconds) }, () => token(client, `${product.http}${path}`, runSeconds)),
    );
    const callOf = (n: number): Call => ({
      path,
      authorization: `Bearer ${signed[n]}`,
      body: bodyOf(n, tokenOf(n), prefetch ? prefetches[n % prefetches.length] : undefined),
    });
    collect();
    if (turns) return inQuarters(signed.length, callOf);
    return load(product.http, agent, { rate: runRate, seconds: runSeconds }, callOf);
  };
  const inQuarters = async (count: number, callOf: (n: number) => Call): Promise<readonly Outcome[]> => {
    const outcomes: Outcome[] = [];
    quarters.length = 0;
    for (let from = 0; from < count; from += Math.ceil(count / 4)) {
      const size = Math.min(Math.ceil(count / 4), count - from);
      const [start, own] = [await usage(), outcomes.length];
      const some = await inTurn(product.http, agent, size, 4, (n) => callOf(own + n));
      outcomes.push(...some.map((each) => ({ ...each, n: own + each.n })));
      const end = await usage();
      const each = (name: 'cpuSeconds' | 'mainCpuSeconds') => ((end[name] - start[name]) * 1000) / size;
      quarters.push({ process: each('cpuSeconds'), loop: each('mainCpuSeconds') });
    }
    return outcomes;
  };
  const agent = connections(1_000);
  await connect(product.http, agent, 300);
  await ehr.set({ kind: 'latency', ms: readMs });
  await run(warmUpSeconds, Math.min(rate, perSecond));
  await ehr.set(fault);
  await ehr.reads();
  const [ehrBefore, ownBefore] = [ehr.cpuSeconds, process.cpuUsage()];
  const background = await idle(usage);
  const [before, began] = [await usage(), performance.now()];
  const healthy = probe(product.http);
  const good = name === 'overload' ? run(seconds, goodRate, 'good') : undefined;
  const outcomes = await run(seconds, perSecond);
  const ofGood = await good;
  const health = await healthy();
  const after = await usage();
  const backgroundMs = (background * (performance.now() - began)) / 1000;
  const ownCpu = process.cpuUsage(ownBefore);
  agent.destroy();
  const slowest = slowestReads(outcomes, tokenOf, await ehr.reads());
  const latency = quantiles(outcomes.map(({ intended, end }) => end - intended));
  const six = outcomes.filter(({ n, status }) => status === 200 && slowest.get(n)?.count === 6);
  const beyond = quantiles(six.map(({ n, sent, end }) => end - sent - (slowest.get(n)?.ms ?? 0)));
  const slowestRead = quantiles(six.map(({ n }) => slowest.get(n)?.ms ?? 0));
  const answered = outcomes.filter(({ status }) => status === 200);
  const figures = {
    rate: perSecond,
    requests: outcomes.length,
    statuses: statuses(outcomes),
    latency,
    latencyOf200: quantiles(answered.map(({ intended, end }) => end - intended)),
    ...(six.length > 0 ? { slowestRead, beyondSlowestRead: beyond, withSixReads: six.length } : {}),
    bySecond: bySecond(six, slowest),
    generatorLateness: quantiles(outcomes.map(({ intended, sent }) => sent - intended)),
    withoutCards: answered.filter(({ cards }) => cards === 0).length,
    malformed: answered.filter(({ cards }) => cards < 0).length,
    refusedWithoutRetryAfter: outcomes.filter(({ status, retryAfter }) => status === 429 && !retryAfter).length,
    ...(ofGood ? { good: { statuses: statuses(ofGood), latency: quantiles(ofGood.map(({ intended, end }) => end - intended)) } } : {}),
    health,
    cpuMsPerRequest: ((after.cpuSeconds - before.cpuSeconds) * 1000) / outcomes.length,
    // What the product does by itself counts by the second: on a machine that is slow for other reasons, to each call.
    backgroundCpuMsPerSecond: background,
    ownCpuMsPerRequest: ((after.cpuSeconds - before.cpuSeconds) * 1000 - backgroundMs) / outcomes.length,
    ...(turns ? { cpuMsByQuarter: quarters } : {}),
    mainCpuMsPerRequest: ((after.mainCpuSeconds - before.mainCpuSeconds) * 1000) / outcomes.length,
    mainSystemMsPerRequest: ((after.mainSystemSeconds - before.mainSystemSeconds) * 1000) / outcomes.length,
    ehrLateness: ehr.lateness,
    ehrCpuMsPerRequest: ((ehr.cpuSeconds - ehrBefore) * 1000) / outcomes.length,
    generatorCpuMsPerRequest: (ownCpu.user + ownCpu.system) / 1000 / outcomes.length,
    loopMaxMs: after.loopMaxMs,
    collections: Object.fromEntries(
      (['minor', 'major', 'minorMs', 'majorMs'] as const).map((kind) => [kind, after.collections[kind] - before.collections[kind]]),
    ),
    heapMb: { before: before.heapMb, after: after.heapMb },
    rssMb: { before: before.rssMb, after: after.rssMb },
  };
  process.stderr.write(`${name} ${JSON.stringify(figures, undefined, 2)}\n`);
  return figures;
}

/** What half of the answers, and the slowest of each second took beyond their slowest read: a queue that only grows is none that comes and goes. */
function bySecond(six: readonly Outcome[], slowest: ReturnType<typeof slowestReads>): readonly string[] {
  const first = six[0]?.intended ?? 0;
  const seconds = Map.groupBy(six, ({ intended }) => Math.floor((intended - first) / 1000));
  return [...seconds.values()].map((each) => {
    const { p50Ms, maxMs } = quantiles(each.map(({ n, sent, end }) => end - sent - (slowest.get(n)?.ms ?? 0)));
    return `${Math.round(p50Ms)} ${Math.round(maxMs)}`;
  });
}

/**
 * Thousands of tokens are young objects after they were signed: to copy them at the first collections takes 10 to 15 ms, which
 * would count as a delay of the product. After two collections they are old.
 */
function collect(): void {
  const gc = runInNewContext('gc') as () => void;
  gc();
  gc();
}

/** CPU time of the product in milliseconds a second while nobody asks for anything. */
async function idle(usage: Measured['usage']): Promise<number> {
  const [first, from] = [await usage(), performance.now()];
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  const then = await usage();
  return ((then.cpuSeconds - first.cpuSeconds) * 1e6) / (performance.now() - from);
}

/** Asks for the health meanwhile, as an orchestrator does. */
function probe(http: string): () => Promise<{ readonly asked: number; readonly failed: number; readonly maxMs: number }> {
  let [asked, failed, maxMs, over] = [0, 0, 0, false];
  const asking = (async () => {
    while (!over) {
      const began = performance.now();
      asked++;
      const fine = await fetch(`${http}/healthz`, { signal: AbortSignal.timeout(10_000) }).then(
        (answer) => answer.text().then(() => answer.ok),
        () => false,
      );
      if (!fine) failed++;
      maxMs = Math.max(maxMs, performance.now() - began);
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  })();
  return async () => {
    over = true;
    await asking;
    return { asked, failed, maxMs: Math.round(maxMs) };
  };
}

function token(client: string, aud: string, runSeconds: number): Promise<string> {
  const iat = Math.floor(Date.now() / 1000);
  return sign({ iss: `${issuer}/${client}`, aud, iat, exp: iat + runSeconds + 600, jti: randomUUID() }, { key, alg, kid: 'load-1' });
}

function bodyOf(n: number, accessToken: string, prefetch: object | undefined): string {
  const patientId = ehr.patients[n % ehr.patients.length];
  const access = { access_token: accessToken, token_type: 'Bearer', expires_in: 3_600, scope: 'system/Patient.rs', subject: 'aorta-cds' };
  return JSON.stringify({
    ...{ hook: 'patient-view', hookInstance: randomUUID(), context: { userId: 'Practitioner/1', patientId } },
    ...{ fhirServer: ehr.fhirBase, fhirAuthorization: access },
    ...(prefetch === undefined ? {} : { prefetch }),
  });
}

/** What an EHR would send along, for each patient. */
async function prefetched(accessToken: string): Promise<readonly object[]> {
  const read = async (template: string, patientId: string) => {
    const headers = { authorization: `Bearer ${accessToken}` };
    return (await fetch(`${ehr.fhirBase}/${fill(template, { patientId }, Date.now())}`, { headers })).json();
  };
  return Promise.all(
    ehr.patients.map(async (patientId) =>
      Object.fromEntries(
        await Promise.all(
          Object.values(clinicalReads).map(async ({ key: name, template }) => [name, await read(template, patientId)] as const),
        ),
      ),
    ),
  );
}
