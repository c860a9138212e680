import { randomBytes } from 'node:crypto';
import { canary } from '../../support/canary.ts';
import type { Chance } from './chance.ts';

/** One message of the made-up hospital, and what it means. */
export interface Adt {
  readonly mrn: string;
  readonly controlId: string;
  readonly event: 'A01' | 'A02' | 'A03' | 'A08' | 'A12' | 'A13';
  /** Milliseconds since 1970, whole seconds. */
  readonly at: number;
  /** `ward^room^bed`; of A12 the place that the patient goes back to, with `from` in PV1-6. */
  readonly place?: string;
  readonly from?: string;
  readonly bytes: Buffer;
}

export interface Patient {
  readonly mrn: string;
  /** In the order of sending, which is not always the order of events. */
  readonly messages: Adt[];
}

/** Where a patient is after some messages, worked out without the product's code. */
export interface Whereabouts {
  readonly status: 'in-progress' | 'finished';
  readonly place: string | undefined;
}

const wards = ['ICU', 'CARD', 'SURG', 'MED'];
const late = 'LATE^R1^B1';
const stamp = (ms: number) => new Date(ms).toISOString().replace(/[-:T]/g, '').slice(0, 14);

/** Patients with a visit each: admission, transfers (some reported late), news, cancelled transfers, discharges, some taken back. */
export function hospital(random: Chance, patients: number, messagesEach: number): Patient[] {
  const run = randomBytes(4).toString('hex').toUpperCase();
  const begin = Date.UTC(2025, 0, 1);
  return Array.from({ length: patients }, (_, n) => {
    const mrn = `${canary.mrn}${run}${n}`;
    const visit = `V${run}${n}`;
    const place = () => `${random.pick(wards)}^R${random.below(9) + 1}^B${random.below(4) + 1}`;
    const messages: Adt[] = [];
    let at = begin + n * 1000;
    let finished = false;
    let beds: string[] = [];
    const add = (event: Adt['event'], facts: { place?: string; from?: string; at?: number }) => {
      at += 60_000 + random.below(60) * 1000;
      const occurred = facts.at ?? at;
      const controlId = `${run}-${n}-${messages.length}`;
      const shown = facts.place ?? beds.at(-1) ?? '';
      const bytes = Buffer.from(
        [
          `MSH|^~\\&|ADT|HOSP|AORTA|LAB|${stamp(at)}||ADT^${event}|${controlId}|P|2.5||||||UNICODE UTF-8`,
          `EVN|${event}|${stamp(at)}||||${stamp(occurred)}`,
          `PID|1||${mrn}^^^HOSP^MR||${canary.family}^${canary.given}${n}||19700101|F|||||${canary.phone}`,
          `PV1|1|I|${shown}|||${facts.from ?? ''}|||||||||||||${visit}`,
          '',
        ].join('\r'),
      );
      messages.push({
        mrn,
        controlId,
        event,
        at: occurred,
        ...(shown ? { place: shown } : {}),
        ...(facts.from ? { from: facts.from } : {}),
        bytes,
      });
    };
    const other = (than: string | undefined): string => {
      for (;;) {
        const next = place();
        if (next !== than) return next;
      }
    };
    beds = [place()];
    add('A01', {});
    while (messages.length < messagesEach) {
      const dice = random.next();
      if (finished) {
        add('A13', {});
        finished = false;
      } else if (dice < 0.5) {
        const next = other(beds.at(-1));
        beds.push(next);
        add('A02', {});
      } else if (dice < 0.6 && messages.length > 3 && messages.at(-1)?.place !== late) {
        // A transfer that is reported late: it belongs between two events of the past and moves nobody now.
        const newest = messages[messages.length - 1] as Adt;
        add('A02', { place: late, at: newest.at - 30_000 });
      } else if (dice < 0.8) add('A08', {});
      else if (dice < 0.9 && messages.at(-1)?.event === 'A02' && messages.at(-1)?.place === beds.at(-1) && beds.length > 1) {
        const gone = beds.pop() as string;
        add('A12', { place: beds.at(-1) as string, from: gone });
      } else if (dice >= 0.9) {
        add('A03', {});
        finished = true;
      }
    }
    return { mrn, messages };
  });
}

/** Folds the messages in event time. The generator takes back only the newest transfer, so a stack is enough. */
export function whereabouts(messages: readonly Adt[]): Whereabouts {
  let status: Whereabouts['status'] = 'in-progress';
  const stack: (string | undefined)[] = [];
  for (const message of [...messages].sort((a, b) => a.at - b.at)) {
    // While the patient is away a transfer is history; what opens the visit again says where.
    if (message.event === 'A01' || message.event === 'A13' || (message.event === 'A02' && status === 'in-progress'))
      stack.push(message.place);
    if (message.event === 'A12') stack.splice(stack.lastIndexOf(message.from), 1);
    if (message.event === 'A03') status = 'finished';
    if (message.event === 'A13') status = 'in-progress';
  }
  return { status, place: stack.at(-1) };
}
