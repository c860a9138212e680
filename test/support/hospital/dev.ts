import { type ChildProcess, spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { createMllpClient } from '../../../src/sandbox/mllp-client.ts';
import { type AdtText, adt } from '../../topologies/adt-admissions/messages.ts';

const launcher = resolve(import.meta.dirname, '../../../bin/aorta.js');

export interface Dev {
  readonly http: string;
  readonly mllp: string;
  send(...messages: AdtText[]): Promise<void>;
  sendRaw(message: string): Promise<string>;
  /** SIGTERM; its exit code. */
  stop(): Promise<number | null>;
}

/** A real `aorta dev --no-feed` as a child, in the project of this folder. */
export async function startDev(data: string, fuse: string, port = 0): Promise<Dev> {
  const args = ['dev', '--no-feed', '--json', '--data', data, '--port', String(port), '--mllp-port', '0'];
  const child: ChildProcess = spawn(process.execPath, [launcher, ...args], {
    cwd: import.meta.dirname,
    env: { ...process.env, AORTA_TEST_FUSE: fuse },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text) => {
    said += text;
  });
  const ended = new Promise<number | null>((done) => child.once('exit', done));
  const line = await Promise.race([
    new Promise<string>((done) => createInterface({ input: child.stdout as NodeJS.ReadableStream }).once('line', done)),
    ended.then((code) => Promise.reject(new Error(`aorta dev ended with ${code}: ${said}`))),
  ]);
  const { http, mllp } = JSON.parse(line) as { http: string; mllp: string };
  const { hostname, port: mllpPort } = new URL(`mllp://${mllp}`);
  const client = createMllpClient({ host: hostname, port: Number(mllpPort) });
  return {
    http,
    mllp,
    async send(...messages) {
      for (const message of messages) {
        const ack = await client.send(adt(message));
        if (ack.code !== 'AA') throw new Error(`${ack.code}: ${JSON.stringify(ack.errors)}`);
      }
    },
    sendRaw: async (message) => (await client.send(message)).code,
    async stop() {
      await client.close();
      child.kill('SIGTERM');
      return ended;
    },
  };
}
