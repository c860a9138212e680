import pg from 'pg';
import type { Findings } from '../order-check.ts';
import type { Sink } from '../sink.ts';

/** The table `bench_effect` that the peer makes in its database. */
export class TableSink implements Sink {
  readonly #url: string;
  #client: pg.Client | undefined;
  #made = false;

  constructor(url: string) {
    this.#url = url;
  }

  async size(): Promise<number> {
    if (!this.#made) {
      // The peer makes it when it starts.
      const [row] = await this.#query<{ made: boolean }>(`select to_regclass('bench_effect') is not null as made`);
      this.#made = row?.made ?? false;
      if (!this.#made) return 0;
    }
    const [row] = await this.#query<{ n: string }>('select count(*) as n from bench_effect');
    return Number(row?.n ?? 0);
  }

  async verify(expected: number): Promise<Findings> {
    const [row] = await this.#query<{ messages: string; patients: string; gaps: string; wrong: string }>(
      `select coalesce(sum(n), 0) as messages, count(*) as patients, coalesce(sum(top + 1 - n), 0) as gaps, coalesce(sum(bad), 0) as wrong
         from (select count(*) as n, max(seq) as top, count(*) filter (where occurred_at is null or event_id is null or sender is null) as bad
                 from bench_effect group by patient) as each`,
    );
    const messages = Number(row?.messages ?? 0);
    return {
      messages,
      patients: Number(row?.patients ?? 0),
      // Rows have no order, and their key no room for a second one.
      outOfOrder: 0,
      duplicates: 0,
      missing: Math.max(Number(row?.gaps ?? 0), expected - messages),
      wrong: Number(row?.wrong ?? 0),
    };
  }

  async #query<Row>(text: string): Promise<readonly Row[]> {
    if (!this.#client) {
      this.#client = new pg.Client({ connectionString: this.#url });
      this.#client.on('error', () => undefined);
      await this.#client.connect();
    }
    return (await this.#client.query(text)).rows as Row[];
  }

  async close(): Promise<void> {
    await this.#client?.end();
  }
}
