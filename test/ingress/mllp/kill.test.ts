import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { createMllpClient } from '../../../src/sandbox/mllp-client.ts';
import { seededRandom } from '../../../src/testing/virtual-clock.ts';
import { freshSchema } from '../../support/postgres.ts';
import { fuzzSeed } from '../../support/seed.ts';
import { uniqueName } from '../../support/services.ts';
import { embedded, type Parts, servicesAt } from '../parts.ts';
import { adt } from './sender.ts';

const profiles = [
  {
    name: 'SQLite',
    async make() {
      const dir = await mkdtemp(join(tmpdir(), 'aorta-kill-'));
      return { args: ['sqlite', dir], open: () => embedded(3, dir), remove: () => rm(dir, { recursive: true, force: true }) };
    },
  },
  {
    name: 'Kafka and PostgreSQL',
    async make() {
      const { schema, drop } = freshSchema('kill');
      const topic = uniqueName('adt');
      return { args: ['services', schema, topic], open: () => servicesAt(schema, topic), remove: drop };
    },
  },
];

/** What readers keep: a record at or below the highest `aorta-seq` seen of its producer, in its partition, is a repeat. */
async function kept(parts: Parts): Promise<{ controlId: string; eventId: string; patientId: string }[]> {
  const out = [];
  for (const { partition, start, end } of await parts.log.ends(parts.topic)) {
    let highest = 0;
    for (let from = start; from < end; ) {
      const records = await parts.log.read({ topic: parts.topic, partition }, from, 500);
      for (const record of records) {
        from = record.offset + 1;
        const seq = Number(String(record.headers['aorta-seq']).split('/')[2]);
        if (seq <= highest) continue;
        highest = seq;
        out.push(await parts.serde.deserialize(record.value ?? Buffer.alloc(0)));
      }
      if (records.length === 0) break;
    }
  }
  return out;
}

for (const { name, make } of profiles) {
  describe(`kill -9 of MLLP ingress on ${name}`, { timeout: 400_000 }, () => {
    let child: ChildProcess | undefined;
    after(() => void child?.kill('SIGKILL'));

    const start = async (args: readonly string[], killAt: string): Promise<number> => {
      const started = spawn(process.execPath, [join(import.meta.dirname, 'killed-process.ts'), ...args], {
        env: { ...process.env, KILL_AT: killAt },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      child = started;
      const [line] = await Promise.race([once(started.stdout, 'data'), once(started, 'exit').then(() => ['0'])]);
      return Number(String(line));
    };

    it('loses no acknowledged message and stores none twice, wherever it strikes', async () => {
      const { args, open, remove } = await make();
      const acknowledged = new Set<string>();
      const unanswered = new Map<string, Buffer>();
      const sent = new Map<string, Buffer>();
      const random = seededRandom(fuzzSeed());
      let number = 0;
      // After identity's transaction, between the append and the answer, and at any moment.
      const kills = ['admit:4', 'append:5', 'random:0', 'append:1', 'admit:1', 'random:0', 'append:12', 'random:0'];
      for (const [round, killAt] of [...kills, 'never:0'].entries()) {
        const port = await start(args, killAt);
        assert.ok(port > 0, 'the process came up');
        const senders = Array.from({ length: 6 }, () => createMllpClient({ host: '127.0.0.1', port, inFlight: 4, timeoutMs: 20_000 }));
        const exited = once(child as ChildProcess, 'exit');
        let up = true;
        exited.then(() => {
          up = false;
        });
        const send = async (sender: (typeof senders)[number], controlId: string, message: Buffer): Promise<void> => {
          sent.set(controlId, message);
          try {
            const ack = await sender.send(message);
            assert.equal(`${ack.code} ${ack.controlId}`, `AA ${controlId}`);
            acknowledged.add(controlId);
            unanswered.delete(controlId);
          } catch (cause) {
            if ((cause as { code?: string }).code !== 'AORTA_MLLP_007') throw cause;
            unanswered.set(controlId, message);
          }
        };
        // What got no answer is sent again first, as a hospital's engine would.
        const resent = [...unanswered].map(([controlId, message], at) =>
          send(senders[at % senders.length] as (typeof senders)[number], controlId, message),
        );
        if (killAt === 'random:0') void delay(20 + random.next() * 150).then(() => child?.kill('SIGKILL'));
        const goOn = () => up && killAt !== 'never:0';
        await Promise.all(
          senders.map(async (sender, which) => {
            while (goOn()) {
              const controlId = `k${round}-${number++}`;
              await send(sender, controlId, adt({ controlId, mrn: `patient-${which}` }));
            }
          }),
        );
        await Promise.all(resent);
        if (killAt === 'never:0') {
          assert.equal(unanswered.size, 0);
          // A sender that lost its answers repeats itself: acknowledged again, without effect.
          const repeats = [...sent].filter((_, at) => at % 3 === 0);
          await Promise.all(
            repeats.map(([controlId, message], at) => send(senders[at % senders.length] as (typeof senders)[number], controlId, message)),
          );
          child?.kill('SIGTERM');
        }
        await exited;
        await Promise.all(senders.map((sender) => sender.close()));
      }

      const parts = await open();
      try {
        const records = await kept(parts);
        const times = new Map<string, number>();
        for (const { controlId } of records) times.set(controlId, (times.get(controlId) ?? 0) + 1);
        assert.ok(acknowledged.size > 50, `${acknowledged.size} messages were acknowledged`);
        assert.deepEqual(
          [...acknowledged].filter((controlId) => times.get(controlId) !== 1),
          [],
          'each is there, once',
        );
        assert.deepEqual(
          [...times].filter(([, count]) => count !== 1),
          [],
        );
        const patients = new Set(records.map((record) => record.patientId));
        assert.equal(patients.size, 6, 'each patient has kept one id');
        assert.deepEqual(await parts.identity.owed('killed'), []);
      } finally {
        await parts.close();
        await remove();
      }
    });
  });
}
