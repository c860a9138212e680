import type { Clock } from '../../clock/clock.ts';
import { error } from '../../errors/index.ts';
import type { Identity } from '../../identity/port.ts';
import type { Log } from '../../log/port.ts';

/** Milliseconds after which an owed append of another instance is finished on its behalf. */
export const takeOverAfter = 30_000;
const perAppend = 64;

/**
 * Finishes appends that another instance owes since long: it died between its identity transaction and the log. All of
 * that instance up to the wanted one go, in order and with its own `aorta-seq`: each writer of those numbers starts
 * with the lowest one owed, so whoever comes second is dropped by readers, and none is overtaken by a later one.
 */
export function finishElsewhere(parts: {
  identity: Identity;
  log: Log;
  clock: Clock;
  instance: string;
}): (eventId: string, owedSince: number) => Promise<void> {
  const running = new Map<string, Promise<void>>();

  const finish = async (eventId: string): Promise<void> => {
    const rows = await parts.identity.owed(parts.instance, parts.clock.now() - takeOverAfter);
    const wanted = rows.find((row) => row.eventId === eventId);
    // Not owed any more: its instance is alive after all and has finished it.
    if (!wanted) return;
    if (wanted.instance === parts.instance) throw tooEarly();
    const chain = rows.filter((row) => row.instance === wanted.instance && row.seq <= wanted.seq).sort((a, b) => a.seq - b.seq);
    for (let at = 0; at < chain.length; at += perAppend) {
      const part = chain.slice(at, at + perAppend);
      await parts.log.append(part.map((row) => row.append));
      await parts.identity.settle(part.map(({ instance, seq }) => ({ instance, seq })));
    }
  };

  return (eventId, owedSince) => {
    if (parts.clock.now() - owedSince <= takeOverAfter) return Promise.reject(tooEarly());
    let task = running.get(eventId);
    if (!task) {
      task = finish(eventId).finally(() => running.delete(eventId));
      running.set(eventId, task);
    }
    return task;
  };
}

const tooEarly = () => error('AORTA_INGRESS_003', { seconds: takeOverAfter / 1000 }, { retryAfterMs: takeOverAfter });
