/**
 * A worker in a process of its own: everything that `aorta start` runs, on embedded stores, with a Redis that it shares with
 * others. Its one argument is JSON of `WorkerProcess`; its first line says where it listens.
 */
import { systemRandom } from '../../../src/clock/system.ts';
import { createRedisKeyed } from '../../../src/keyed/redis/index.ts';
import { prometheusTelemetry } from '../../../src/ops/telemetry.ts';
import { openEmbedded } from '../../../src/runtime/embedded.ts';
import { startWorker, type WorkerOptions } from '../../../src/runtime/worker.ts';

export interface WorkerProcess extends Pick<WorkerOptions, 'data' | 'ehrs' | 'cds'> {
  readonly redisUrl: string;
}

const { redisUrl, ...options } = JSON.parse(process.argv[2] ?? '{}') as WorkerProcess;
const worker = await startWorker({
  ...options,
  ...{ host: '127.0.0.1', port: 0, mllpPort: 0, root: new URL('../../../', import.meta.url).pathname },
  telemetry: prometheusTelemetry({ level: 'warn', destination: process.stderr }),
  async open(given) {
    const { clock, telemetry } = given;
    const profile = await openEmbedded(given);
    // Commands that time out on a busy machine would look like an absent Redis.
    const keyed = await createRedisKeyed({ url: redisUrl, clock, telemetry, random: systemRandom, commandTimeoutMs: 2_000 });
    const close = async () => {
      await keyed.close();
      await profile.close();
    };
    return { ...profile, keyed, close };
  },
});
process.once('SIGTERM', () => void worker.stop().then(() => process.exit(0)));
process.stdout.write(`${JSON.stringify({ http: worker.http })}\n`);
