import { ok } from 'node:assert/strict';
import { systemClock } from '../../../src/clock/system.ts';
import { createKafkaLog } from '../../../src/log/kafka/index.ts';
import { header, type Log } from '../../../src/log/port.ts';
import { createSqliteLog } from '../../../src/log/sqlite/log.ts';
import { openDatabase } from '../../../src/sqlite/database.ts';
import { silentTelemetry } from '../../../src/telemetry/port.ts';
import type { Site } from './site.ts';

export interface Emission {
  readonly partition: number;
  readonly offset: number;
  readonly patient: string;
  readonly eventId: string;
  /** `aorta-seq`: `flow/partition` and a number. */
  readonly producer: string;
  readonly seq: number;
}

/** Everything in `patient.timeline`, in offset order. The embedded profile's worker must have ended: its file has one owner. */
export async function emitted(site: Site, topic = 'patient.timeline'): Promise<readonly Emission[]> {
  const closing: (() => unknown)[] = [];
  let log: Log;
  if (site.services) {
    log = createKafkaLog({ brokers: site.services.kafkaBrokers, clientId: 'fault-oracle' });
  } else {
    const database = openDatabase({ dir: site.data('a'), clock: systemClock, telemetry: silentTelemetry });
    closing.push(() => database.close());
    log = createSqliteLog({ database, clock: systemClock, telemetry: silentTelemetry });
  }
  closing.push(() => log.close());
  const emissions: Emission[] = [];
  try {
    for (const { partition, start, end } of await log.ends(topic)) {
      for (let from = start; from < end; ) {
        const records = await log.read({ topic, partition }, from, 500);
        ok(records.length > 0, `records from ${from} to ${end} can be read`);
        for (const { offset, key, headers } of records) {
          const [, producer = '', seq = ''] = /^(.*)\/(\d+)$/.exec(String(headers[header.seq])) ?? [];
          emissions.push({ partition, offset, patient: String(key), eventId: String(headers[header.eventId]), producer, seq: Number(seq) });
        }
        from = (records.at(-1)?.offset ?? end) + 1;
      }
    }
  } finally {
    for (const close of closing.reverse()) await close();
  }
  return emissions;
}

/** What a reader takes that drops records at or below the highest `aorta-seq` of their producer and partition, as `from()` does. */
export function once(emissions: readonly Emission[]): readonly Emission[] {
  const highest = new Map<string, number>();
  return emissions.filter(({ partition, producer, seq }) => {
    const key = `${partition} ${producer}`;
    if (seq <= (highest.get(key) ?? -1)) return false;
    highest.set(key, seq);
    return true;
  });
}
