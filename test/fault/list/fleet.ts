import { deepStrictEqual, ok } from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { systemClock } from '../../../src/clock/system.ts';
import type { EngineOptions } from '../../../src/engine/index.ts';
import { createKafkaLog } from '../../../src/log/kafka/index.ts';
import { partitionOf } from '../../../src/log/murmur2.ts';
import { header, type Log } from '../../../src/log/port.ts';
import { confluentRegistry } from '../../../src/schema/confluent/registry.ts';
import type { Registry } from '../../../src/schema/port.ts';
import { serdeFor } from '../../../src/schema/serde.ts';
import { freshDatabase, services, uniqueName } from '../../support/services.ts';
import { type Emission, once } from '../support/emitted.ts';
import { eventually, type Product, type ProductOptions, startProduct } from '../support/product.ts';
import { AnomaliesFound, anomalies, anomalyCounts, type Kind, prepare } from './anomalies.ts';
import { appendedTopic, entryTopic, flowName } from './entry.ts';
import { canary, Load, type LoadOptions, type Sent } from './load.ts';

const project = join(import.meta.dirname, 'project');

export interface FleetOptions {
  readonly workers: number;
  readonly load: Pick<LoadOptions, 'random' | 'rate' | 'patients'> & Partial<LoadOptions>;
  /** What the workers are given; the load and the suite's own questions take `services()`, or `direct`. */
  readonly brokers?: readonly string[];
  /** One for all, or one for each worker, as with a proxy of its own. */
  readonly databaseUrl?: string | readonly string[];
  readonly registryUrl?: string;
  /** The same services on the way that nothing harms. */
  readonly direct?: { readonly brokers?: readonly string[]; readonly databaseUrl?: string };
  readonly engine?: Partial<EngineOptions>;
  readonly env?: NodeJS.ProcessEnv;
  readonly nodeOptions?: readonly string[];
}

/** Workers as processes, their load, and what the suite knows of both. */
export interface Fleet {
  readonly run: string;
  readonly flow: string;
  readonly load: Load;
  readonly db: pg.Client;
  /** By number; a worker that was ended stays here until it is started anew. */
  readonly workers: Product[];
  readonly running: readonly Product[];
  /** Starts worker `n` on its data directory. */
  start(n: number, options?: Partial<ProductOptions>): Promise<Product>;
  /** SIGTERM, and its clean end. Milliseconds. */
  end(n: number): Promise<number>;
  /** Rows that stand in the lists. */
  effects(): Promise<number>;
  /** Sum over the running workers. */
  metric(name: string, labels?: Readonly<Record<string, string>>): Promise<number>;
  /** Waits until everybody of the group has its share, all partitions have an owner. */
  balanced(): Promise<void>;
  /** Waits until all that must have an effect has it, and the flow is idle. Milliseconds from now. */
  drained(withinMs?: number): Promise<number>;
  /** Times that the handler ran, by entry. */
  handled(): ReadonlyMap<string, number>;
  /** The one query; fails with what it finds. `unfinished`: what has no effect yet is not lost. Gives the figures that every row tells. */
  verify(options?: { readonly unfinished?: boolean }): Promise<Verdict>;
  /** Milliseconds from now to the next new effect. */
  resumes(withinMs?: number): Promise<number>;
  /** Asks the database on a connection of its own. */
  ask<T extends object>(sql: string): Promise<readonly T[]>;
  /** Registry and log on the way that nothing harms. */
  readonly registry: Registry;
  readonly log: Log;
  close(): Promise<void>;
}

export interface Verdict {
  readonly sent: number;
  readonly effects: number;
  readonly handledAgain: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Entries that end in an effect; a row whose load holds bad ones says which. */
export type Expected = (sent: Sent) => boolean;

export async function fleet(options: FleetOptions, expected: Expected = () => true): Promise<Fleet> {
  const run = uniqueName('r').replace('_', '');
  const flow = flowName(run);
  const dir = mkdtempSync(join(tmpdir(), 'aorta-fleet-'));
  const seen = join(dir, 'seen');
  mkdirSync(seen);
  const closers: (() => unknown)[] = [() => rmSync(dir, { recursive: true, force: true })];
  const every: Product[] = [];
  const workers: Product[] = [];
  const close = async () => {
    for (const product of every) await product.dispose();
    for (const closing of closers.reverse()) await closing();
  };
  try {
    const given = options.databaseUrl;
    const urlOf = (n: number): string | undefined => (typeof given === 'object' ? given[n % given.length] : given);
    let databaseUrl = options.direct?.databaseUrl ?? urlOf(0);
    if (databaseUrl === undefined) {
      const database = await freshDatabase('fault');
      closers.push(() => database.drop());
      databaseUrl = database.url;
    }
    const { kafkaBrokers, registryUrl } = services();
    const direct = { brokers: options.direct?.brokers ?? options.brokers ?? kafkaBrokers, databaseUrl };
    const config = join(dir, 'aorta.config.mjs');
    const engine = { sessionTimeoutMs: 6_000, ...options.engine };
    writeFileSync(config, `export default ${JSON.stringify({ engine })};\n`);

    const registry = await confluentRegistry({ url: registryUrl, clock: systemClock });
    closers.push(() => registry.close());
    const log = createKafkaLog({ brokers: direct.brokers, clientId: 'fault-fleet' });
    closers.push(() => log.close());
    await log.ensureTopics([entryTopic(run), appendedTopic(run)]);
    const load = new Load({ run, brokers: direct.brokers, serde: await serdeFor(registry, entryTopic(run)), ...options.load });
    closers.push(() => load.close().catch(() => {}));
    const db = new pg.Client({ connectionString: databaseUrl });
    // A row may stop the database: the suite's own connection is opened anew by `ask`.
    db.on('error', () => {});
    await db.connect();
    closers.push(() => db.end().catch(() => {}));

    const start = async (n: number, more: Partial<ProductOptions> = {}) => {
      const product = await startProduct({
        data: join(dir, `worker-${n}`),
        project,
        services: {
          kafkaBrokers: [...(options.brokers ?? direct.brokers)],
          registryUrl: options.registryUrl ?? registryUrl,
          databaseUrl: urlOf(n) ?? direct.databaseUrl,
        },
        arguments: ['--config', config],
        nodeOptions: options.nodeOptions ?? [],
        ...more,
        env: { FAULT_RUN: run, FAULT_SEEN: seen, LOG_LEVEL: 'warn', ...options.env, ...more.env },
      });
      every.push(product);
      workers[n] = product;
      return product;
    };
    const running = () => workers.filter((worker) => worker.running);
    const ask = async <T extends object>(sql: string): Promise<readonly T[]> => {
      const client = new pg.Client({ connectionString: databaseUrl });
      client.on('error', () => {});
      try {
        await client.connect();
        return (await client.query(sql)).rows as T[];
      } finally {
        await client.end().catch(() => {});
      }
    };
    const effects = async () => Number((await ask<{ n: string }>('select count(distinct event_id) as n from fault_list'))[0]?.n ?? 0);
    const metric = async (name: string, labels = {}) =>
      (await Promise.all(running().map((worker) => worker.metric(name, labels)))).reduce((sum, value) => sum + value, 0);
    const handled = () => {
      const counts = new Map<string, number>();
      for (const file of readdirSync(seen))
        for (const id of readFileSync(join(seen, file), 'utf8').split('\n')) if (id !== '') counts.set(id, (counts.get(id) ?? 0) + 1);
      return counts;
    };
    const mustHave = () => load.sent.filter(expected);
    /** The first entry that each patient misses, and what the held list says of it. */
    const missing = async (): Promise<string> => {
      const there = new Set((await ask<{ event_id: string }>('select event_id from fault_list')).map((row) => row.event_id));
      const first = new Map<string, Sent>();
      for (const sent of mustHave()) if (!there.has(sent.id) && !first.has(sent.patient)) first.set(sent.patient, sent);
      const held = await ask<{ key: string; reason: string; error_code: string | null; attempt: number; due: string | null }>(
        'select distinct on (key) key, reason, error_code, attempt, due from aorta_held order by key, seq',
      );
      const ran = handled();
      const byPartition = Array.from({ length: 12 }, () => 0);
      for (const sent of mustHave()) if (!there.has(sent.id)) (byPartition[partitionOf(sent.patient, 12)] as number) += 1;
      const listed = [...first.values()]
        .slice(0, 8)
        .map((sent) => {
          const row = held.find(({ key }) => key === sent.patient);
          return `${sent.id} (${sent.act || 'plain'}, handler ran ${ran.get(sent.id) ?? 0} times): ${row ? JSON.stringify(row) : 'not held'};`;
        })
        .join(' ');
      return `Missing by partition: ${byPartition.join(' ')}; ${listed}`;
    };

    await start(0);
    await ask(prepare);
    for (let n = 1; n < options.workers; n++) await start(n);

    const self: Fleet = {
      run,
      flow,
      load,
      db,
      workers,
      get running() {
        return running();
      },
      start,
      async end(n) {
        const worker = workers[n] as Product;
        const begun = performance.now();
        worker.kill('SIGTERM');
        const exit = await Promise.race([worker.exited, sleep(20_000, undefined, { ref: false })]);
        deepStrictEqual(exit, { code: 0, signal: null }, `worker ${n} ends cleanly: ${worker.stderr().slice(-1500)}`);
        return Math.round(performance.now() - begun);
      },
      effects,
      metric,
      balanced: () =>
        eventually('every worker to have its share', async () => {
          const owned = await Promise.all(running().map((worker) => worker.metric('aorta_flow_partitions')));
          return owned.every((count) => count > 0) && owned.reduce((sum, count) => sum + count, 0) === 12;
        }),
      async drained(withinMs = 120_000) {
        const begun = performance.now();
        const wanted = mustHave().length;
        let at = 0;
        let changed = begun;
        await eventually(
          `${wanted} effects`,
          async () => {
            const now = await effects();
            if (now !== at) changed = performance.now();
            at = now;
            return now >= wanted;
          },
          withinMs,
          200,
        ).catch(async (thrown: Error) => {
          const still = Math.round((performance.now() - changed) / 1000);
          throw new Error(`${thrown.message}; ${at} are there, the last one ${still} s ago. ${await missing()} ${await why(running())}`, {
            cause: thrown,
          });
        });
        return Math.round(performance.now() - begun);
      },
      handled,
      async verify({ unfinished = false } = {}) {
        const must = mustHave();
        await ask('truncate fault_sent, fault_emitted');
        let told: readonly (Emission & { id: string })[] = [];
        const client = new pg.Client({ connectionString: databaseUrl });
        await client.connect();
        try {
          await client.query('insert into fault_sent select * from unnest($1::text[], $2::bigint[], $3::text[])', [
            must.map((sent) => sent.patient),
            must.map((sent) => sent.seq),
            must.map((sent) => sent.id),
          ]);
          // The outbox is sent after the commit: the last emissions may still be on their way.
          await eventually(
            'an emission for each effect',
            async () => {
              told = await read();
              return new Set(told.map(({ id }) => id)).size >= (unfinished ? await effects() : must.length);
            },
            60_000,
            500,
          ).catch(() => {});
          await client.query('insert into fault_emitted select * from unnest($1::text[], $2::bigint[], $3::text[])', [
            told.map(({ patient }) => patient),
            told.map(({ partition, offset }) => partition * 1e9 + offset),
            told.map(({ id }) => id),
          ]);
          const without: readonly Kind[] = unfinished ? ['lost', 'emission lost'] : [];
          const counts = await anomalyCounts(client, without);
          if (counts.length > 0) throw new AnomaliesFound(counts, await anomalies(client, 20, without));
          const { rows } = await client.query(
            `select count(*) as n, percentile_cont(0.5) within group (order by applied_at - intended_at) as p50,
               percentile_cont(0.99) within group (order by applied_at - intended_at) as p99 from fault_list`,
          );
          for (const worker of every) {
            ok(!/unhandled/i.test(worker.stderr()), worker.stderr().slice(-3000));
            ok(!worker.stderr().includes(canary), 'no log line shows what an entry holds');
          }
          for (const worker of running()) ok(!(await worker.status('/metrics')).body.includes(canary), 'nor does a metric');
          const again = [...handled().values()].reduce((sum, times) => sum + times - 1, 0);
          return {
            sent: load.sent.length,
            effects: Number(rows[0].n),
            handledAgain: again,
            p50Ms: Math.round(rows[0].p50 ?? 0),
            p99Ms: Math.round(rows[0].p99 ?? 0),
          };
        } finally {
          await client.end();
        }
      },
      async resumes(withinMs = 60_000) {
        const begun = performance.now();
        const before = await effects();
        await eventually('a new effect', async () => (await effects()) > before, withinMs, 50);
        return Math.round(performance.now() - begun);
      },
      ask,
      registry,
      log,
      close,
    };

    const read = async () => {
      const emissions: (Emission & { id: string })[] = [];
      const topic = appendedTopic(run).name;
      for (const { partition, start: first, end } of await log.ends(topic)) {
        for (let from = first; from < end; ) {
          const records = await log.read({ topic, partition }, from, 5_000);
          for (const { offset, key, headers, value } of records) {
            const [, producer = '', seq = ''] = /^(.*)\/(\d+)$/.exec(String(headers[header.seq])) ?? [];
            const id = String(value);
            emissions.push({ partition, offset, patient: String(key), eventId: id, producer, seq: Number(seq), id });
          }
          from = (records.at(-1)?.offset ?? end) + 1;
        }
      }
      return once(emissions) as readonly (Emission & { id: string })[];
    };
    await self.balanced();
    return self;
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

/** What the workers say themselves about what they wait for. */
async function why(workers: readonly Product[]): Promise<string> {
  const told = await Promise.all(
    workers.map(async (worker) => {
      const { body } = await worker.status('/healthz').catch(() => ({ body: 'no answer' }));
      return `${body.slice(0, 400)} ${worker.stderr().slice(-600)}`;
    }),
  );
  return told.join('\n');
}
