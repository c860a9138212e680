import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { createMllpClient } from '../../../src/sandbox/mllp-client.ts';
import { freshSchema } from '../../support/postgres.ts';
import { uniqueName } from '../../support/services.ts';
import { embedded, type Parts, servicesAt } from '../parts.ts';
import { a40, adt } from './sender.ts';

const profiles = [
  {
    name: 'SQLite',
    async make() {
      const dir = await mkdtemp(join(tmpdir(), 'aorta-merge-'));
      return { args: ['sqlite', dir], open: () => embedded(3, dir), remove: () => rm(dir, { recursive: true, force: true }) };
    },
  },
  {
    name: 'Kafka and PostgreSQL',
    async make() {
      const { schema, drop } = freshSchema('merge');
      const topic = uniqueName('adt');
      return { args: ['services', schema, topic], open: () => servicesAt(schema, topic), remove: drop };
    },
  },
];

/** What readers keep of each patient: the control ids of messages, and control records. */
async function told(parts: Parts): Promise<Map<string, string[]>> {
  const seen = new Set<string>();
  const kept = new Map<string, string[]>();
  for (const record of await parts.records()) {
    const seq = String(record.headers['aorta-seq']);
    if (seen.has(seq)) continue;
    seen.add(seq);
    const control = record.headers['aorta-control']?.toString();
    const what = control ?? (await parts.serde.deserialize(record.value ?? Buffer.alloc(0))).controlId;
    const key = String(record.key);
    kept.set(key, [...(kept.get(key) ?? []), what]);
  }
  return kept;
}

for (const { name, make } of profiles) {
  describe(`A40 over MLLP on ${name}`, { timeout: 400_000 }, () => {
    let child: ChildProcess | undefined;
    const open: { close(): Promise<void> }[] = [];
    after(async () => {
      child?.kill('SIGKILL');
      for (const each of open) await each.close();
    });
    const sender = (port: number) => {
      const made = createMllpClient({ host: '127.0.0.1', port, timeoutMs: 20_000 });
      open.push(made);
      return made;
    };

    const start = async (args: readonly string[], killAt: string): Promise<number> => {
      const started = spawn(process.execPath, [join(import.meta.dirname, 'killed-process.ts'), ...args], {
        env: { ...process.env, KILL_AT: killAt },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      child = started;
      const [line] = await Promise.race([once(started.stdout, 'data'), once(started, 'exit').then(() => ['0'])]);
      return Number(String(line));
    };

    // After the transaction of the A40; and after its append, before the answer.
    for (const killAt of ['admit:3', 'append:3']) {
      it(`killed at ${killAt.split(':')[0]}: the merge is told once and in order, and answered when it is sent again`, async () => {
        const { args, open: reopen, remove } = await make();
        const first = sender(await start(args, killAt));
        const exited = once(child as ChildProcess, 'exit');
        await first.send(adt({ controlId: 'a1', mrn: 'a' }));
        await first.send(adt({ controlId: 'b1', mrn: 'b' }));
        await assert.rejects(first.send(a40({ controlId: 'm1', survivor: 'a', merged: 'b' })), { code: 'AORTA_MLLP_007' });
        await first.close();
        await exited;
        const port = await start(args, 'never:0');
        const again = sender(port);
        assert.equal((await again.send(a40({ controlId: 'm1', survivor: 'a', merged: 'b' }))).code, 'AA');
        assert.equal((await again.send(adt({ controlId: 'b2', mrn: 'b' }))).code, 'AA');
        const self = await again.send(a40({ controlId: 'm2', survivor: 'b', merged: 'b' }));
        assert.deepEqual([self.code, self.errors.map(({ condition }) => condition)], ['AE', ['205']]);
        const nobody = await again.send(
          Buffer.from(
            a40({ controlId: 'm3', survivor: 'a', merged: 'b' })
              .toString()
              .replace(/MRG.*\r/, ''),
          ),
        );
        assert.deepEqual([nobody.code, nobody.errors.map(({ condition }) => condition)], ['AE', ['101']]);
        const stopped = once(child as ChildProcess, 'exit');
        await again.close();
        child?.kill('SIGTERM');
        await stopped;
        const parts = await reopen();
        try {
          const found = await parts.identity.resolve([[{ system: 'urn:id:HOSP', value: 'a' }], [{ system: 'urn:id:HOSP', value: 'b' }]]);
          const survivor = found[0]?.patientId as string;
          assert.equal(found[1]?.patientId, survivor);
          const kept = await told(parts);
          assert.deepEqual(kept.get(survivor), ['a1', 'merge.hold', 'm1', 'b2']);
          kept.delete(survivor);
          assert.deepEqual([...kept.values()], [['b1', 'merge.out']]);
        } finally {
          await parts.close();
          await remove();
        }
      });
    }
  });
}
