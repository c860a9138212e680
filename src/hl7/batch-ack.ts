import { type AckError, errorSegment, safeText } from './ack.ts';
import type { BatchSegment } from './batch.ts';
import type { Batch, BatchFile } from './batch-structure.ts';
import { conditions } from './condition.ts';
import { defaultDelimiters, headerText } from './delimiters.ts';
import { escapeText } from './escape.ts';
import { timestampText } from './timestamp.ts';

export interface BatchAck {
  readonly file: BatchFile;
  /** Acknowledgements of the messages, in their order, of each batch of the file. */
  readonly answers: readonly (readonly Buffer[])[];
  /** Control id of what is made here, at most 18 characters: two more number them. */
  readonly controlId: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/**
 * One batch of acknowledgements for a batch (HL7 v2.5.1 section 2.10.3): FHS and BHS where the file had them, in its
 * delimiters, with senders and receivers swapped; field 12 refers to the control id in field 11. Faults of a batch are an
 * acknowledgement AE of their own behind those of its messages (`faultOf`).
 */
export function buildBatchAck({ file, answers, controlId, at }: BatchAck): Buffer {
  const out: Buffer[] = [];
  const line = (text: string) => out.push(Buffer.from(`${text}\r`, 'latin1'));
  const near = file.header ?? file.batches.find(({ header }) => header)?.header;
  const separator = separatorOf(near);
  if (file.header) line(header(file.header, `${controlId}F`, at));
  const last = file.batches.length - 1;
  const batches: readonly Batch[] = last < 0 ? [{ header: undefined, messages: [], findings: [] }] : file.batches;
  batches.forEach((batch, n) => {
    const own = batch.header ?? near;
    const acks = [...(answers[n] ?? [])];
    const findings = n >= last ? [...batch.findings, ...file.findings] : batch.findings;
    if (findings.length > 0) acks.push(faultOf(own, findings, `${controlId}${n % 100}`, at));
    if (own) line(header(own, `${controlId}${n % 100}`, at, 'BHS'));
    out.push(...acks);
    if (own) line(['BTS', acks.length].join(separatorOf(own)));
  });
  if (file.header) line(['FTS', batches.length].join(separator));
  return Buffer.concat(out);
}

/** What is wrong with a batch as such: an acknowledgement whose MSA-2 is the control id of its header (BHS-11, FHS-11). */
export function faultOf(
  of: BatchSegment | undefined,
  errors: readonly AckError[],
  controlId: string,
  at: number,
  code: 'AE' | 'AR' = 'AE',
): Buffer {
  const d = of?.delimiters ?? defaultDelimiters;
  const separator = separatorOf(of);
  const component = d.component === 0 ? '^' : String.fromCharCode(d.component);
  const field = (n: number) => (of ? safeText(of.segment.field(n).raw) : '');
  const [first] = errors;
  const lines = [
    [`MSH${headerText(d)}`, field(5), field(6), field(3), field(4), timestampText(at), '', 'ACK', controlId, 'P', '2.5'].join(separator),
    ['MSA', code, field(11), ...(first ? [escapeText(conditions[first.condition], d)] : [])].join(separator),
    ...errors.slice(0, 20).map((each) => errorSegment(each, d, separator, component, '2.5')),
  ];
  return Buffer.from(`${lines.join('\r')}\r`, 'latin1');
}

const separatorOf = (of: BatchSegment | undefined): string => String.fromCharCode((of?.delimiters ?? defaultDelimiters).field);

function header(
  { kind, segment, delimiters }: BatchSegment,
  controlId: string,
  at: number,
  name: 'FHS' | 'BHS' = kind === 'FHS' ? 'FHS' : 'BHS',
): string {
  const field = (n: number) => safeText(segment.field(n).raw);
  return [
    `${name}${headerText(delimiters)}`,
    field(5),
    field(6),
    field(3),
    field(4),
    timestampText(at),
    '',
    '',
    '',
    controlId,
    field(11),
  ].join(separatorOf({ kind, segment, delimiters }));
}
