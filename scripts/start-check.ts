/**
 * `npm run start-check`: starts the product as a user does, through npm; sends one admission over MLLP, reads it back
 * as FHIR, stops npm with SIGTERM, and looks that nothing is left running.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

interface Ready {
  readonly event: string;
  readonly profile: string;
  readonly http: string;
  readonly mllp: string;
}

const patience = 60_000;
const data = mkdtempSync(join(tmpdir(), 'aorta-start-check-'));
const npm = spawn('npm', ['start', '--', '--no-feed', '--json', '--port', '0', '--mllp-port', '0', '--data', data], {
  cwd: resolve(import.meta.dirname, '..'),
  stdio: ['ignore', 'pipe', 'inherit'],
});

try {
  const ready = await within('the ready line', firstLine(npm));
  step(`ready: ${ready.http}, MLLP ${ready.mllp}`);
  const mrn = `CHK${randomInt(1e9)}`;
  const answer = await within('the acknowledgement', exchange(ready.mllp, admission(mrn)));
  if (!/\rMSA\|AA\|/.test(answer)) throw new Error(`the answer is not AA: ${answer.replaceAll('\r', ' ¶ ')}`);
  step('the admission was acknowledged with AA');
  const found = await within(
    'the patient',
    eventually(() => patientsWith(ready.http, mrn)),
  );
  step(`GET /fhir/Patient?identifier shows it: Patient/${found}`);
  const family = descendants(npm.pid as number);
  npm.kill('SIGTERM');
  const code = await within('the end of npm', ended(npm));
  if (code !== 0) throw new Error(`after SIGTERM npm ended with ${code}`);
  const left = family.filter((process) => isAlive(process));
  if (left.length > 0) throw new Error(`still running after npm ended: ${left.map((process) => process.pid).join(', ')}`);
  step(`SIGTERM: exit code 0, nothing of ${family.length + 1} processes left`);
  process.stdout.write('start check: passed\n');
} catch (thrown) {
  process.stdout.write(`start check: FAILED: ${(thrown as Error).message}\n`);
  process.exitCode = 1;
  for (const { pid } of descendants(npm.pid as number)) process.kill(pid, 'SIGKILL');
  npm.kill('SIGKILL');
} finally {
  rmSync(data, { recursive: true, force: true });
}

function step(line: string): void {
  process.stdout.write(`  ${line}\n`);
}

async function within<T>(what: string, work: Promise<T>): Promise<T> {
  const limit = new AbortController();
  const late = sleep(patience, undefined, { signal: limit.signal }).then(() => {
    throw new Error(`${what} did not come within ${patience / 1000} s`);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    limit.abort();
    late.catch(() => undefined);
  }
}

/** The ready event must be the very first line on stdout. */
function firstLine(child: ChildProcess): Promise<Ready> {
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`npm start ended with ${code} before it was ready`)));
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).once('line', (line) => {
      try {
        const ready = JSON.parse(line) as Ready;
        if (ready.event !== 'ready') throw new Error('not the ready event');
        resolve(ready);
      } catch {
        reject(new Error(`the first line on stdout is not the ready event: ${line}`));
      }
    });
  });
}

function ended(child: ChildProcess): Promise<number | string> {
  return new Promise((resolve) => {
    if (child.exitCode !== null) resolve(child.exitCode);
    else child.once('exit', (code, signal) => resolve(code ?? signal ?? 'unknown'));
  });
}

function admission(mrn: string): string {
  return [
    `MSH|^~\\&|CHECK|CI|AORTA|AORTA|20260601083000||ADT^A01^ADT_A01|${mrn}|P|2.5.1`,
    'EVN|A01|20260601083000',
    `PID|1||${mrn}^^^CHECK^MR||TEST^START^^^^^L||19700101|F`,
    'PV1|1|I|W1^101^A|E|||||||||||||||V1',
    '',
  ].join('\r');
}

/** One MLLP exchange: VT message FS CR, and the answer without its frame. */
function exchange(address: string, message: string): Promise<string> {
  const [host, port] = address.split(':') as [string, string];
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port: Number(port) }, () => socket.write(`\v${message}\u001c\r`));
    let answer = '';
    socket.setEncoding('utf8');
    socket.on('data', (text) => {
      answer += text;
      if (!answer.endsWith('\u001c\r')) return;
      socket.end();
      resolve(answer.slice(1, -2));
    });
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the MLLP connection was closed without an answer')));
  });
}

async function patientsWith(http: string, identifier: string): Promise<string | undefined> {
  const answer = await fetch(`${http}/fhir/Patient?identifier=${identifier}`);
  if (!answer.ok) throw new Error(`GET /fhir/Patient answered ${answer.status}`);
  const bundle = (await answer.json()) as { entry?: { resource: { id: string; identifier: { value: string }[] } }[] };
  const patient = bundle.entry?.[0]?.resource;
  return patient?.identifier.some(({ value }) => value === identifier) ? patient.id : undefined;
}

async function eventually<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    await sleep(50);
  }
}

interface Relative {
  readonly pid: number;
  readonly started: string;
}

/** The processes below `pid`, from /proc. */
function descendants(pid: number): Relative[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), stat: statOf(Number(name)) }));
  const children = all.filter(({ stat }) => stat?.parent === pid);
  return children.flatMap((child) => [{ pid: child.pid, started: child.stat?.started ?? '' }, ...descendants(child.pid)]);
}

function isAlive(relative: Relative): boolean {
  const stat = statOf(relative.pid);
  return stat !== undefined && stat.started === relative.started && stat.state !== 'Z';
}

function statOf(pid: number): { state: string; parent: number; started: string } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0] ?? '', parent: Number(fields[1]), started: fields[19] ?? '' };
  } catch {
    return undefined;
  }
}
