import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { services } from '../../support/services.ts';

const idle = fileURLToPath(new URL('../../../src/log/kafka/idle.ts', import.meta.url));
const kafkajs = createRequire(import.meta.url).resolve('kafkajs');

/** Timers armed and warnings given by one connected, idle admin client in its own process. */
function idleClient(patched: boolean): { timers: number; negative: boolean } {
  const program = `
    import kafkajs from ${JSON.stringify(kafkajs)};
    ${patched ? `import { quietIdleQueues } from ${JSON.stringify(idle)}; quietIdleQueues();` : ''}
    let negative = false;
    process.on('warning', (w) => { if (w.name === 'TimeoutNegativeWarning') negative = true; });
    const admin = new kafkajs.Kafka({ brokers: ${JSON.stringify(services().kafkaBrokers)}, clientId: 'idle', logLevel: 0 }).admin();
    await admin.connect();
    await admin.listTopics();
    let timers = 0;
    const arm = globalThis.setTimeout;
    globalThis.setTimeout = (...args) => { timers++; return arm(...args); };
    await new Promise((resolve) => arm(resolve, 1000));
    await admin.disconnect();
    console.log(JSON.stringify({ timers, negative }));
    process.exit(0);`;
  const out = execFileSync(process.execPath, ['--no-warnings', '--input-type=module', '-e', program], { encoding: 'utf8' });
  return JSON.parse(out.trim().split('\n').at(-1) as string);
}

test('K13: an idle connection arms no timers and gives no warnings; kafkajs as it comes spins', () => {
  const raw = idleClient(false);
  const ours = idleClient(true);
  assert.ok(raw.timers > 20, `the control armed ${raw.timers} timers only`);
  assert.equal(raw.negative, true, 'the control gave no TimeoutNegativeWarning');
  assert.ok(ours.timers <= 2, `${ours.timers} timers`);
  assert.equal(ours.negative, false);
});

test('K13: requests that wait behind a throttle are still sent when it ends', async () => {
  const { quietIdleQueues } = await import('../../../src/log/kafka/idle.ts');
  quietIdleQueues();
  const RequestQueue = createRequire(import.meta.url)('kafkajs/src/network/requestQueue') as new (
    options: object,
  ) => {
    maybeThrottle(ms: number): void;
    push(request: object): void;
    destroy(): void;
  };
  const logger = { debug() {}, warn() {} };
  const queue = new RequestQueue({
    maxInFlightRequests: 1,
    requestTimeout: 1000,
    enforceRequestTimeout: false,
    clientId: 'c',
    broker: 'b',
    logger,
  });
  queue.maybeThrottle(60);
  const pushed = performance.now();
  const sent = new Promise<number>((resolve) => {
    queue.push({
      entry: { correlationId: 1, resolve() {}, reject() {} },
      expectResponse: true,
      sendRequest: () => resolve(performance.now()),
    });
  });
  assert.ok((await sent) - pushed >= 50);
  queue.destroy();
});
