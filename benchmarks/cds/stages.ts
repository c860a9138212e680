/**
 * CPU time of the stages of a patient-view call, each alone in this process, the EHR in another: what a busy machine
 * changes least, and what a profile by the clock cannot tell there (a thread that is woken takes the processor from the
 * one that woke it, and the sample is charged to the waking).
 * Rounds are told each by itself: the first ones run what V8 has not compiled yet.
 *
 *   node benchmarks/cds/stages.ts [--calls 400] [--rounds 1] [--only http,guard]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createSqliteAdvice } from '../../src/advice/sqlite/advice.ts';
import { createCanonical } from '../../src/canonical/index.ts';
import { canonicalTables } from '../../src/canonical/tables.ts';
import { isCdsService } from '../../src/cds/index.ts';
import { systemClock as clock, systemRandom as random } from '../../src/clock/system.ts';
import { createCdsHost } from '../../src/edge/cds/index.ts';
import { clinicalReads, createHttp, fill, gather } from '../../src/fhir/client/index.ts';
import { jsonProblem } from '../../src/fhir/json-bounds.ts';
import { createFileAudit } from '../../src/governance/audit/file/index.ts';
import { createGuards } from '../../src/guard/index.ts';
import { createMemoryKeyed } from '../../src/keyed/memory/index.ts';
import { prometheusTelemetry } from '../../src/ops/telemetry.ts';
import { openEhr } from '../../src/runtime/ehr.ts';
import { ehrGuard, ehrTarget } from '../../src/runtime/ehr-guard.ts';
import { makeKey, publicJwk, sign, verifySignature } from '../../src/smart/jwt.ts';
import { createSqliteState } from '../../src/state/sqlite/state.ts';
import type { Table } from '../../src/state/table.ts';
import { temporaryDatabase } from '../../test/sqlite/temporary.ts';
import { EhrProcess } from './ehr-process.ts';

const { values } = parseArgs({
  options: { calls: { type: 'string', default: '400' }, rounds: { type: 'string', default: '1' }, only: { type: 'string' } },
});
const calls = Number(values.calls);
const only = values.only?.split(',');
const micros = ({ user, system }: NodeJS.CpuUsage): number => user + system;

const results: Record<string, readonly { readonly process: number; readonly loop: number }[]> = {};
/** Microseconds a call, four at a time. */
async function stage(name: string, work: (n: number) => unknown): Promise<void> {
  if (only && !only.some((part) => name.includes(part))) return;
  const round = async (count: number) => {
    let n = 0;
    const one = async () => {
      while (n < count) await work(n++);
    };
    await Promise.all([one(), one(), one(), one()]);
  };
  const rounds: { readonly process: number; readonly loop: number }[] = [];
  for (let n = 0; n < Number(values.rounds); n++) {
    const [all, own] = [process.cpuUsage(), process.threadCpuUsage()];
    await round(calls);
    const each = (spent: NodeJS.CpuUsage) => Math.round(micros(spent) / calls);
    rounds.push({ process: each(process.cpuUsage(all)), loop: each(process.threadCpuUsage(own)) });
  }
  results[name] = rounds;
  process.stderr.write(`${name.padEnd(36)} ${rounds.map((one) => `${one.process} (${one.loop})`).join(', ')} µs\n`);
}

const folder = mkdtempSync(join(tmpdir(), 'aorta-stages-'));
const { database, remove } = temporaryDatabase();
const ehr = await EhrProcess.start();
try {
  const [token = ''] = await ehr.tokens(1);
  const headers = { accept: 'application/fhir+json', authorization: `Bearer ${token}` };
  const reads = Object.values(clinicalReads);
  const patientOf = (n: number): string => ehr.patients[n % ehr.patients.length] ?? '';
  const urls = (n: number) => reads.map(({ template }) => `${ehr.fhirBase}/${fill(template, { patientId: patientOf(n) }, clock.now())}`);

  const http = createHttp({ connections: 128, inFlight: 256 });
  const never = new AbortController().signal;
  const get = (url: string) => http.send({ method: 'GET', url, headers, signal: never });
  const texts: string[][] = [];
  for (let n = 0; n < ehr.patients.length; n++) texts.push(await Promise.all(urls(n).map(async (url) => (await get(url)).text)));
  const textsOf = (n: number) => texts[n % texts.length] ?? [];

  await stage('http: six reads, no more', (n) => Promise.all(urls(n).map(get)));
  await stage('JSON: the bounds of six answers', (n) => textsOf(n).map(jsonProblem));
  await stage('JSON: six answers parsed', (n) => textsOf(n).map((text) => JSON.parse(text)));

  const telemetry = prometheusTelemetry({ level: 'silent' });
  const keyed = await createMemoryKeyed({ clock });
  const guards = await createGuards({ clock, random, telemetry, keyed, worker: 'bench' });
  const open = (guarded: boolean) =>
    openEhr(
      'load',
      { fhirBase: ehr.fhirBase },
      {
        ...{ secrets: { get: async () => '' }, clock, random, needed: () => [] },
        ...(guarded ? { guard: (name: string) => ehrGuard(guards, ehrTarget(name, undefined)) } : {}),
      },
    );
  const [bare, guarded] = [await open(false), await open(true)];
  const gathered = (from: typeof bare) => (n: number) =>
    gather({ reads, context: { patientId: patientOf(n) }, client: from.withToken(token), perReadMs: 60_000, clock });
  await stage('gather: six reads, deadlines only', gathered(bare));
  await stage('gather: six reads, guarded', gathered(guarded));

  const state = createSqliteState({ database });
  await state.migrate();
  await state.ensureTables(canonicalTables as unknown as Table<never>[]);
  const canonical = createCanonical(state);
  const identifiers = ['a|1', 'b|2', 'c|3', 'd|4', 'e|5'];
  await stage('own record: five identifiers', () => canonical.identified('Patient', identifiers));

  const service = (await import('../../cds-services/patient-view.ts')).default;
  if (!isCdsService(service)) throw new Error('no service');
  const host = createCdsHost({
    ...{ services: [service], ehrOf: () => guarded, canonical, advice: createSqliteAdvice({ database }), clock, random, telemetry },
    ...{ budgetMs: 60_000, perReadMs: 60_000 },
  });
  const access = { access_token: token, token_type: 'Bearer', expires_in: 3_600, scope: 'system/Patient.rs', subject: 'aorta-cds' };
  const body = (n: number) => ({
    ...{ hook: 'patient-view', hookInstance: 'd1577c69-dfbe-44ad-ba6d-3e05e953b2ea' },
    ...{ context: { userId: 'Practitioner/1', patientId: patientOf(n) }, fhirServer: ehr.fhirBase, fhirAuthorization: access },
  });
  await stage('host: a whole call, without HTTP', (n) => host.call(service.id, body(n), { client: 'load', home: 'http://127.0.0.1' }));
  const prefetched = texts.map((six) => Object.fromEntries(six.map((text, at) => [reads[at]?.key ?? '', JSON.parse(text)])));
  await stage('host: all prefetched', (n) =>
    host.call(service.id, { ...body(n), prefetch: prefetched[n % prefetched.length] }, { client: 'load', home: 'http://127.0.0.1' }),
  );

  for (const alg of ['RS384', 'ES384'] as const) {
    const key = await makeKey(alg, 'k');
    const [signed, publicKey] = [await sign({ iss: 'a', jti: 'b' }, { key, alg, kid: 'k' }), publicJwk(key)];
    await stage(`signature: ${alg}`, () => verifySignature(signed, publicKey, alg));
  }

  const audit = await createFileAudit({ dir: join(folder, 'audit'), key: 'k'.repeat(32), clock });
  const event = { at: 0, actor: 'cds:load', action: 'cds', target: 'POST /cds-services/:id', outcome: 'success' } as const;
  await stage('audit: each at once', () => audit.append(event));
  await stage('audit: within 10 ms', () => audit.append(event, 10));

  await audit.close();
  await host.stop();
  guards.close();
  await Promise.all([bare.close(), guarded.close(), http.close(), keyed.close(), state.close()]);
} finally {
  ehr.stop();
  rmSync(folder, { recursive: true, force: true });
  await remove();
}
process.stdout.write(`${JSON.stringify({ workload: 'cds-stages', calls, results })}\n`);
