import { setTimeout as sleep } from 'node:timers/promises';
import { createMllpClient } from '../../src/sandbox/mllp-client.ts';
import { chance } from '../../test/fault/support/chance.ts';
import { type Adt, hospital } from '../../test/fault/support/hospital.ts';
import { histogram, percentile, record } from '../report/histogram.ts';

export interface Sending {
  readonly port: number;
  readonly connections: number;
  /** Unanswered messages of a connection. */
  readonly inFlight: number;
  readonly oneMessage: boolean;
  /** Seconds after the first answer that do not count. */
  readonly warmUp: number;
  readonly seconds: number;
  /** Between warm-up and what counts, and at the end of it. */
  readonly begin: () => Promise<void>;
  readonly end: () => Promise<void>;
}

export interface Sent {
  readonly acknowledgedPerSecond: number;
  readonly acknowledged: number;
  readonly refused: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** Control id to its number among those of its patient, for all that was answered AA, warm-up and all. */
  readonly accepted: ReadonlyMap<string, Place>;
}

export interface Place {
  readonly patient: string;
  readonly number: number;
}

const [patients, each] = [1_000, 60];

/** A01, A02 and so on of 1,000 patients; each patient's messages go over one connection, in order. */
export async function send({ port, connections, inFlight, oneMessage, warmUp, seconds, begin, end }: Sending): Promise<Sent> {
  const turns: [Adt, number][][] = Array.from({ length: connections }, () => []);
  const all = hospital(chance(1), patients, each);
  for (let n = 0; n < each; n++) for (const [p, { messages }] of all.entries()) turns[p % connections]?.push([messages[n] as Adt, n]);
  const times = histogram();
  const accepted = new Map<string, Place>();
  let [counting, stopping, acknowledged, refused] = [false, false, 0, 0];
  let answered = (): void => undefined;
  const first = new Promise<void>((resolve) => {
    answered = resolve;
  });
  const clientOf = () => createMllpClient({ host: '127.0.0.1', port, inFlight });
  const senders = turns.map(async (queue) => {
    let client = clientOf();
    let next = 0;
    await Promise.all(
      Array.from({ length: inFlight }, async () => {
        while (!stopping) {
          const at = next++;
          const [message, n] = queue[at % queue.length] as [Adt, number];
          // A sender that has sent all begins again with new control ids.
          const again = Math.floor(at / queue.length);
          const controlId = again === 0 ? message.controlId : `${message.controlId}-${again}`;
          const bytes = again === 0 ? message.bytes : Buffer.from(message.bytes.toString().replace(message.controlId, controlId));
          const begun = performance.now();
          const { code } = await client.send(bytes);
          answered();
          if (code === 'AA') accepted.set(controlId, { patient: message.mrn, number: again * each + n });
          if (counting) {
            if (code === 'AA') acknowledged++;
            else refused++;
            record(times, performance.now() - begun);
          }
          if (oneMessage) {
            await client.close();
            client = clientOf();
          }
        }
      }),
    );
    await client.close();
  });
  const failed = Promise.all(senders);
  failed.catch(() => {
    stopping = true;
  });
  // From the first answer on: how long a listener takes to wake up is not its rate.
  await Promise.race([first, failed]);
  await Promise.race([sleep(warmUp * 1000), failed]);
  await begin();
  const started = performance.now();
  counting = true;
  await Promise.race([sleep(seconds * 1000), failed]);
  counting = false;
  const took = (performance.now() - started) / 1000;
  await end();
  stopping = true;
  await failed;
  return {
    ...{ acknowledged, refused, accepted },
    acknowledgedPerSecond: acknowledged / took,
    p50Ms: percentile(times, 50),
    p99Ms: percentile(times, 99),
    maxMs: times.maxValue / 1000,
  };
}
