import net from 'node:net';
import { parse } from '../../../src/hl7/index.ts';
import { Framer } from '../../../src/ingress/mllp/framer.ts';
import { canary } from '../../support/canary.ts';

export interface AdtParts {
  readonly controlId: string;
  readonly event?: string;
  readonly mrn?: string;
  readonly charset?: string;
  /** Text or bytes of PID-5. */
  readonly name?: string | Buffer;
  readonly more?: string | Buffer;
  readonly sender?: string;
}

/** A good ADT message. */
export function adt({
  controlId,
  event = 'A01',
  mrn = controlId,
  charset = 'UNICODE UTF-8',
  name = `${canary.family}^${canary.given}`,
  more = '',
  sender = 'ADT|HOSP',
}: AdtParts): Buffer {
  const head = `MSH|^~\\&|${sender}|AORTA|LAB|20240131120000||ADT^${event}|${controlId}|P|2.5||||||${charset}\rEVN|${event}|20240131115900\rPID|1||${mrn}^^^HOSP^MR||`;
  const bytes = (part: string | Buffer) => (typeof part === 'string' ? Buffer.from(part) : part);
  return Buffer.concat([bytes(head), bytes(name), bytes(`||||||||${canary.phone}`), bytes('\rPV1|1|I|W1^R1^B1\r'), bytes(more)]);
}

/** A40: `merged` becomes `survivor` (PID-3, MRG-1). */
export const a40 = (parts: { controlId: string; survivor: string; merged: string; sender?: string }): Buffer =>
  Buffer.from(
    [
      `MSH|^~\\&|${parts.sender ?? 'ADT|HOSP'}|AORTA|LAB|20240131123000||ADT^A40^ADT_A39|${parts.controlId}|P|2.5||||||UNICODE UTF-8`,
      'EVN|A40|20240131123000',
      `PID|1||${parts.survivor}^^^HOSP^MR||${canary.family}^${canary.given}`,
      `MRG|${parts.merged}^^^HOSP^MR`,
      '',
    ].join('\r'),
  );

/** A socket that says exactly what it is told, and gathers answers. */
export interface RawSender {
  readonly socket: net.Socket;
  /** Contents of the frames that came, in order. */
  readonly answers: string[];
  write(bytes: Buffer | string): void;
  /** Resolves when so many answers are there; rejects when the connection closes before. */
  answered(count: number): Promise<string[]>;
  readonly closed: Promise<void>;
}

export async function rawSender(port: number, options: { readonly allowHalfOpen?: boolean } = {}): Promise<RawSender> {
  const socket = net.connect({ host: '127.0.0.1', port, noDelay: true, allowHalfOpen: options.allowHalfOpen ?? false });
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  const answers: string[] = [];
  let check: () => void = () => {};
  const framer = new Framer(1_000_000, {
    frame(content) {
      answers.push(content.toString('latin1'));
      check();
    },
    truncated() {},
    outside() {},
    tooLarge() {},
  });
  let gone = false;
  socket.on('data', (chunk) => framer.push(chunk));
  socket.on('error', () => {});
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => {
      gone = true;
      check();
      resolve();
    });
  });
  return {
    socket,
    answers,
    closed,
    write: (bytes) => void socket.write(bytes),
    answered: (count) =>
      new Promise((resolve, reject) => {
        check = () => {
          if (answers.length >= count) resolve(answers);
          else if (gone) reject(new Error(`closed after ${answers.length} of ${count} answers`));
        };
        check();
      }),
  };
}

/** MSA-1 and MSA-2 of an answer. */
export function verdict(answer: string | undefined): string {
  const message = parse(Buffer.from(answer ?? '', 'latin1'));
  return `${message.text('MSA-1')} ${message.field('MSA', 2).raw.toString('latin1')}`;
}
