import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { topics } from '../../../schemas/topics.ts';
import { systemClock } from '../../../src/clock/system.ts';
import { confluentRegistry } from '../../../src/schema/confluent/registry.ts';
import { serdeFor } from '../../../src/schema/serde.ts';
import { services } from '../../support/services.ts';
import type { Fleet } from '../list/fleet.ts';
import { hospital } from '../support/hospital.ts';
import { newDatabase, type PrivateService, privateKafka, privatePostgres } from '../support/private-services.ts';
import { eventually } from '../support/product.ts';
import { Senders } from '../support/senders.ts';
import { NotRun, type Row } from './row.ts';

/** Room for the data of the run: the rest is filled by the fault. */
const megabytes = 400;

export const r24: Row = {
  id: 'R24',
  promise: 'a full disk',
  fault:
    "first the broker's log folder, then PostgreSQL's data (tmpfs each) is full to the last byte for 8 s under load from the log and from 10 MLLP connections, then there is space again. A broker ends on it, PostgreSQL may: then it is started again once there is space, as a service manager does",
  pass: 'MLLP senders are told AE meanwhile; what was acknowledged with AA is in the log once; no worker ends; work resumes within 15 s after the service answers again',
  async run(kit) {
    refuseWithoutMount();
    const disk = { megabytes };
    const kafka = kit.after(await privateKafka(disk));
    const postgres = kit.after(await privatePostgres(disk));
    const databaseUrl = await newDatabase(postgres.url);
    // At 400 a second the log of the run stays far below the disk's size: what fills it is the fault.
    const load = { random: kit.random, rate: Math.min(kit.rate, 400), patients: Math.min(kit.patients, 500) };
    const fleet = await kit.fleet({ workers: 2, brokers: [kafka.url], databaseUrl, load });
    const port = (connection: number) => (fleet.workers[connection % 2] as { mllpPort: number }).mllpPort;
    const accepted = new Set<string>();
    fleet.load.start();
    await kit.seconds(4, 2);
    const resumed: string[] = [];
    let slowest = 0;
    let ended = 0;
    let refused = 0;
    for (const [name, service] of Object.entries({ kafka, postgres })) {
      // Some are acknowledged before; most of them meet the full disk.
      const senders = new Senders(hospital(kit.random, 20, kit.times(30, 20)), { connections: 10, inFlight: 1, port, timeoutMs: 25_000 });
      const told = () => senders.answers['AE'] ?? 0;
      senders.start();
      await eventually('the first acknowledgements', () => senders.accepted.size > 20, 30_000, 20);
      const free = fill(service);
      try {
        // An answer may take the 15 s that ingress tries.
        await eventually(`senders to be told AE while the disk of ${name} is full`, () => told() > 0, 40_000);
        await kit.seconds(8, 3);
      } finally {
        free();
      }
      const stopped = !service.running;
      if (stopped) {
        ended++;
        await service.start();
      }
      const resumedMs = await fleet.resumes();
      resumed.push(`${name} ${resumedMs}${stopped ? ' (it had ended)' : ''}`);
      kit.note(`${name}: ${stopped ? 'ended, started again, ' : ''}resumed after ${resumedMs} ms`);
      slowest = Math.max(slowest, resumedMs);
      await senders.finished(180_000);
      for (const id of senders.accepted) accepted.add(id);
      refused += told();
    }
    await fleet.load.stop();
    const drainedMs = await fleet.drained();
    ok(fleet.running.length === 2, 'both workers still run');
    const { once, lost } = await acknowledged(fleet, accepted);
    deepStrictEqual(lost, [], 'nothing that was acknowledged is missing');
    strictEqual(once, accepted.size, 'and it is there once');
    const verdict = await fleet.verify();
    ok(slowest < 15_000, `nothing lost or twice, but resumed after ${resumed.join(', ')} ms`);
    return {
      resumedMs: resumed.join(', '),
      servicesThatEnded: ended,
      mllpAccepted: accepted.size,
      toldAe: refused,
      refusedAppends: fleet.load.refused,
      drainedMs,
      ...verdict,
    };
  },
};

/** A machine that does not let us mount cannot run this row. */
function refuseWithoutMount(): void {
  const dir = mkdtempSync(join(tmpdir(), 'aorta-mount-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', dir], { stdio: 'pipe' });
    execFileSync('umount', [dir]);
  } catch (thrown) {
    throw new NotRun(`this machine refuses to mount a tmpfs: ${String((thrown as { stderr?: Buffer }).stderr ?? thrown).trim()}`);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Takes every byte that is left; the result gives them back. */
function fill(service: PrivateService): () => void {
  const file = join(service.dir, 'filler');
  const fd = openSync(file, 'w');
  const timer = setInterval(more, 100);
  // Files of the service that shrink or go make space: it is taken too.
  function more(): void {
    for (const size of [1024 * 1024, 4096]) {
      const bytes = Buffer.alloc(size);
      try {
        for (;;) if (writeSync(fd, bytes) < size) break;
      } catch (thrown) {
        if ((thrown as NodeJS.ErrnoException).code !== 'ENOSPC') throw thrown;
      }
    }
  }
  more();
  return () => {
    clearInterval(timer);
    closeSync(fd);
    rmSync(file);
  };
}

/** Which of these control ids are in `hl7.adt`, and how many records there are of them. */
async function acknowledged(fleet: Fleet, accepted: ReadonlySet<string>) {
  const registry = await confluentRegistry({ url: services().registryUrl, clock: systemClock });
  try {
    const serde = await serdeFor(registry, topics.adt);
    const seen = new Map<string, Set<string>>();
    let count = 0;
    for (const { partition, start, end } of await fleet.log.ends(topics.adt.name)) {
      for (let from = start; from < end; ) {
        const records = await fleet.log.read({ topic: topics.adt.name, partition }, from, 500);
        for (const { value, headers } of records) {
          if (value === null) continue;
          const { controlId } = await serde.deserialize(value);
          if (!accepted.has(controlId)) continue;
          const hops = seen.get(controlId) ?? new Set();
          hops.add(`${headers['eventId']}`);
          seen.set(controlId, hops);
        }
        from = (records.at(-1)?.offset ?? end) + 1;
      }
    }
    for (const hops of seen.values()) count += hops.size;
    return { once: count, lost: [...accepted].filter((id) => !seen.has(id)) };
  } finally {
    await registry.close();
  }
}
