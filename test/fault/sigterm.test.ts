import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { free, stopRounds } from './sigterm.ts';
import { chance } from './support/chance.ts';
import { hospital } from './support/hospital.ts';
import { eventually, startProduct } from './support/product.ts';
import { Senders } from './support/senders.ts';
import { site } from './support/site.ts';

test('SIGTERM under load, three times on the embedded profile: exit code 0, nothing lost, nothing again', async (t) => {
  const figures = await stopRounds(t, 'embedded', { rounds: 3 });
  t.diagnostic(`ms to stop: ${figures.stopMs.join(' ')}`);
});

test('a second SIGTERM ends at once, while the first one still waits for a sender that does not read', async () => {
  const here = await site('embedded');
  try {
    const product = await here.worker();
    const [patient] = hospital(chance(1), 1, 1);
    // Half a frame: the stop waits for what may still come of it, or at least says goodbye to the peer.
    const socket = net.connect({ host: '127.0.0.1', port: product.mllpPort });
    socket.on('error', () => {});
    socket.write(Buffer.concat([Buffer.from([0x0b]), (patient?.messages[0]?.bytes ?? Buffer.alloc(0)).subarray(0, 50)]));
    await eventually('the connection', async () => (await product.metric('aorta_mllp_connections')) === 1);
    product.kill('SIGTERM');
    const begun = performance.now();
    await sleep(5);
    product.kill('SIGTERM');
    const { code, signal } = await product.exited;
    ok(performance.now() - begun < 5_000, 'at once');
    ok(signal === null && (code === 0 || code === 130), `code ${code}, signal ${signal}`);
    socket.destroy();
  } finally {
    await here.close();
  }
});

test('npm start passes SIGTERM on: npm ends, the product ends with code 0, its ports are free, nothing is left', async () => {
  const data = mkdtempSync(join(tmpdir(), 'aorta-npm-'));
  const product = await startProduct({ data, npm: true });
  try {
    const senders = new Senders(hospital(chance(1), 20, 20), { connections: 20, port: () => product.mllpPort });
    senders.start();
    while (senders.accepted.size < 20) await sleep(5);
    const family = descendants(product.pid);
    product.kill('SIGTERM');
    const exit = await product.exited;
    await senders.stop();
    deepStrictEqual(exit, { code: 0, signal: null });
    strictEqual(await free(product.mllpPort), true);
    strictEqual(await free(product.httpPort), true);
    deepStrictEqual(family.filter(alive), [], 'no process is left');
  } finally {
    await product.dispose();
    rmSync(data, { recursive: true, force: true });
  }
});

function descendants(pid: number): number[] {
  const pairs = execFileSync('ps', ['-eo', 'pid=,ppid='], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number));
  const children = pairs.filter(([, parent]) => parent === pid).map(([child]) => child as number);
  return [...children, ...children.flatMap(descendants)];
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
