import { notStrictEqual, ok, strictEqual } from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { header, type LogRecord } from '../../../src/log/port.ts';
import { appendedTopic, entryTopic } from '../list/entry.ts';
import type { Fleet } from '../list/fleet.ts';
import type { Row } from './row.ts';

export const r45: Row = {
  id: 'R45',
  promise: 'recovery is deterministic',
  fault:
    'the input of a run (2 workers, SIGKILL under load) is replayed from the log, record by record, into an empty database: by one worker, and by two with a SIGKILL',
  pass: 'rows and emissions of all three runs have the same SHA-256, over bytes. Declared differences: owner, epoch, time of writing and drawn key of a row, `aorta-seq` and `traceparent` of an emission',
  async run(kit) {
    // The same work is done three times.
    const load = { random: kit.random, rate: Math.min(kit.rate, 500), patients: kit.patients };
    const recorded = await kit.fleet({ workers: 2, load });
    recorded.load.start();
    await kit.seconds(5, 2);
    await killed(recorded);
    await kit.seconds(3, 1);
    await recorded.load.stop();
    await recorded.drained();
    const figures = await recorded.verify();
    const first = await hashes(recorded);
    kit.note(`recorded: rows ${first.rows.slice(0, 12)}, emissions ${first.emissions.slice(0, 12)}`);
    for (const n of [0, 1]) await recorded.end(n);
    for (const workers of [1, 2]) {
      const replay = await kit.fleet({ workers });
      await copy(recorded, replay);
      if (workers === 2) await killed(replay);
      await replay.drained();
      await replay.verify();
      const again = await hashes(replay);
      kit.note(`replayed by ${workers}: rows ${again.rows.slice(0, 12)}, emissions ${again.emissions.slice(0, 12)}`);
      strictEqual(again.rows, first.rows, 'the rows of a replay are those of the run');
      strictEqual(again.emissions, first.emissions, 'and so are its emissions');
      for (let n = 0; n < workers; n++) await replay.end(n);
    }
    // The hash sees a difference: without the last row it is another one.
    await recorded.ask('delete from fault_list where ctid = (select max(ctid) from fault_list)');
    notStrictEqual((await hashes(recorded)).rows, first.rows);
    return { replays: 2, rowsSha256: first.rows.slice(0, 16), emissionsSha256: first.emissions.slice(0, 16), ...figures };
  },
};

/** One worker is killed in the middle of its work, and started again. */
async function killed(fleet: Fleet): Promise<void> {
  fleet.workers[0]?.kill('SIGKILL');
  await fleet.workers[0]?.exited;
  await fleet.start(0);
}

async function records(fleet: Fleet, topic: string): Promise<readonly (readonly LogRecord[])[]> {
  const partitions: LogRecord[][] = [];
  for (const { partition, start, end } of await fleet.log.ends(topic)) {
    const found: LogRecord[] = [];
    for (let from = start; from < end; from = (found.at(-1)?.offset ?? end) + 1) {
      found.push(...(await fleet.log.read({ topic, partition }, from, 5_000)));
    }
    partitions[partition] = found;
  }
  return partitions;
}

/** Every record at its partition and offset, with its key, bytes, headers and time. */
async function copy(from: Fleet, to: Fleet): Promise<void> {
  const [source, topic] = [entryTopic(from.run).name, entryTopic(to.run).name];
  // The bytes name their schema by its number in the registry, which the suite's runs share.
  for (const [partition, found] of (await records(from, source)).entries()) {
    for (let at = 0; at < found.length; at += 500) {
      const batch = found.slice(at, at + 500);
      const appended = await to.log.append(
        batch.map(({ key, value, headers, timestamp }) => ({ topic, partition, key: String(key), value, headers, timestamp })),
      );
      for (const [n, { offset }] of appended.entries()) strictEqual(offset, batch[n]?.offset, 'a record keeps its offset');
    }
  }
  to.load.sent.push(...from.load.sent);
  ok(to.load.sent.length > 0);
}

async function hashes(fleet: Fleet): Promise<{ readonly rows: string; readonly emissions: string }> {
  const found = await fleet.ask<object>(
    `select patient, pos, seq, event_id, source_partition, source_offset, intended_at, source_event, source_version
       from fault_list order by patient, pos, event_id`,
  );
  const rows = createHash('sha256');
  for (const row of found) rows.update(`${JSON.stringify(row)}\n`);
  const emissions = createHash('sha256');
  // Patients of a partition are at work at once: the order within each is the promise.
  const byPatient = new Map<string, Buffer[]>();
  const sentTwice = new Map<string, number>();
  for (const [partition, each] of (await records(fleet, appendedTopic(fleet.run).name)).entries()) {
    for (const { key, value, headers, timestamp } of each) {
      const [, producer = '', seq = ''] = /^(.*)\/(\d+)$/.exec(String(headers[header.seq])) ?? [];
      const hop = `${partition} ${producer}`;
      if (Number(seq) <= (sentTwice.get(hop) ?? -1)) continue;
      sentTwice.set(hop, Number(seq));
      const kept = Object.entries(headers)
        .filter(([name]) => name !== header.seq && name !== header.traceparent)
        .map(([name, content]) => `${name}=${String(content)}`.replaceAll(fleet.run, '<run>'))
        .sort();
      const list = byPatient.get(String(key)) ?? [];
      list.push(Buffer.from(`${key} ${timestamp} ${kept.join()} `), value ?? Buffer.alloc(0), Buffer.from('\n'));
      byPatient.set(String(key), list);
    }
  }
  for (const patient of [...byPatient.keys()].sort()) for (const bytes of byPatient.get(patient) ?? []) emissions.update(bytes);
  return { rows: rows.digest('hex'), emissions: emissions.digest('hex') };
}
