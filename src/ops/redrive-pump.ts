import { type Append, header, type Log } from '../log/port.ts';
import type { State } from '../state/port.ts';
import type { Telemetry } from '../telemetry/port.ts';
import { deadLetter, dlqOf } from './dead-letters.ts';

const batch = 100;

/** What the pump needs to know of a flow. */
export interface RedrivenFlow {
  readonly name: string;
  /** Where a letter goes that does not tell its source. */
  readonly source: string;
}

/**
 * Appends dead letters that an operator took to their flow's source topic, each as a new root that keeps its event id.
 *
 * An operator's note is durable first (State.operations) and gets a number that rises per flow. Records are appended in
 * that order, with the number as `aorta-seq`: whatever is appended again (a lost reply, a crash before the note was
 * marked as sent, another worker at the same time) is dropped by the flow's source. A letter goes back to the partition
 * that it came from, where its patient's other records are, and only to the flow whose dead letter it is.
 */
export class RedrivePump {
  readonly #log: Log;
  readonly #state: State;
  readonly #telemetry: Telemetry;
  #last: Promise<unknown> = Promise.resolve();

  constructor(log: Log, state: State, telemetry: Telemetry) {
    this.#log = log;
    this.#state = state;
    this.#telemetry = telemetry;
  }

  /** Sends what is taken and not sent; one call after the other. How many were sent. Rejects as the log does: the next call goes on. */
  send(flow: RedrivenFlow): Promise<number> {
    const run = this.#last.then(() => this.#send(flow));
    this.#last = run.catch(() => {});
    return run;
  }

  async #send(flow: RedrivenFlow): Promise<number> {
    const { operations } = this.#state;
    for (let sent = 0; ; ) {
      const unsent = await operations.unsentRedrives(flow.name, batch);
      if (unsent.length === 0) return sent;
      const appends: Append[] = [];
      for (const { letter, seq } of unsent) {
        const append = await this.#rootOf(flow, letter, seq);
        if (append) appends.push(append);
        else this.#telemetry.log('error', 'dlq.letter-gone', { flow: flow.name, topic: dlqOf(flow.name) });
      }
      if (appends.length > 0) await this.#log.append(appends);
      await operations.redrivesSent(unsent.map(({ id }) => id));
      sent += appends.length;
    }
  }

  async #rootOf(flow: RedrivenFlow, id: string, seq: number): Promise<Append | undefined> {
    const found = await deadLetter(this.#log, flow.name, id, new Map());
    if (!found) return undefined;
    const { letter, record } = found;
    const traceparent = record.headers[header.traceparent];
    // What an independent lane refused goes back into that lane: its bytes are the lane's input.
    const lane = record.headers[header.lane];
    const from = placeOf(letter.source);
    return {
      topic: from?.topic ?? flow.source,
      ...(from ? { partition: from.partition } : {}),
      key: record.key,
      value: record.value,
      headers: {
        [header.eventId]: letter.eventId,
        [header.seq]: `${dlqOf(flow.name)}/redrive/${seq}`,
        [header.onlyFlow]: flow.name,
        [header.redrives]: String(letter.redrives + 1),
        ...(lane === undefined ? {} : { [header.lane]: lane }),
        ...(traceparent === undefined ? {} : { [header.traceparent]: traceparent }),
      },
    };
  }
}

const pumps = new WeakMap<State, RedrivePump>();

/** The one pump of a process: whoever sends, what is under way is not sent beside it. */
export function redrivePump(log: Log, state: State, telemetry: Telemetry): RedrivePump {
  const pump = pumps.get(state) ?? new RedrivePump(log, state, telemetry);
  pumps.set(state, pump);
  return pump;
}

/** Of `topic/partition/offset`, as our own engine writes it. */
function placeOf(source: string): { readonly topic: string; readonly partition: number } | undefined {
  const [, topic, partition] = /^(.+)\/(\d+)\/\d+$/.exec(source) ?? [];
  return topic === undefined ? undefined : { topic, partition: Number(partition) };
}
