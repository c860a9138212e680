import type { BatchPart, BatchSegment } from './batch.ts';
import { type Finding, finding } from './finding.ts';

/** Messages between BHS and BTS; without a header where there is none. */
export interface Batch {
  header: BatchSegment | undefined;
  readonly messages: Buffer[];
  /** What is wrong with the batch as such: its count, its structure. */
  readonly findings: Finding[];
}

/** What one frame holds: FHS, batches, FTS. */
export interface BatchFile {
  header: BatchSegment | undefined;
  readonly batches: Batch[];
  /** What is wrong with the file as such. */
  readonly findings: Finding[];
}

/**
 * Brings the parts of a frame into order (HL7 v2.5.1 section 2.10.3) and checks it: BTS-1 counts the messages of its
 * batch, FTS-1 the batches of the file (empty: not counted), a header has its trailer and a trailer its header, and no
 * line is outside of messages. Every message is in some batch, whatever is wrong.
 */
export function batchFile(parts: readonly BatchPart[]): BatchFile {
  const file: BatchFile = { header: undefined, batches: [], findings: [] };
  let batch: Batch | undefined;
  let closed = false;
  let after = false;
  let stray = false;
  let trailers = 0;
  const open = (header?: BatchSegment): Batch => {
    const opened = { header, messages: [], findings: [] };
    file.batches.push(opened);
    return opened;
  };
  const end = (by?: BatchSegment): void => {
    if (batch?.header && !by) batch.findings.push(structure('BHS', file.batches.length, 'a batch without BTS'));
    batch = undefined;
  };
  for (const part of parts) {
    if (closed && !after && part.kind !== 'stray') {
      file.findings.push(structure(part.kind === 'message' ? 'MSH' : part.kind, 1, 'something after FTS'));
      after = true;
    }
    switch (part.kind) {
      case 'FHS':
        end();
        if (file.header || file.batches.length > 0) file.findings.push(structure('FHS', 1, 'FHS that is not at the beginning'));
        file.header ??= part;
        break;
      case 'BHS':
        end();
        batch = open(part);
        break;
      case 'message':
        batch ??= open();
        batch.messages.push(part.content);
        break;
      case 'BTS': {
        trailers++;
        if (!batch?.header) (batch ?? file).findings.push(structure('BTS', trailers, 'BTS without BHS'));
        if (batch && wrong(part, batch.messages.length)) batch.findings.push(count('BTS', trailers));
        end(part);
        break;
      }
      case 'FTS':
        end();
        if (!file.header) file.findings.push(structure('FTS', 1, 'FTS without FHS'));
        if (wrong(part, file.batches.length)) file.findings.push(count('FTS', 1));
        closed = true;
        break;
      default:
        stray = true;
    }
  }
  end();
  if (file.header && !closed) file.findings.push(structure('FHS', 1, 'a file without FTS'));
  if (stray) file.findings.push(finding('AORTA_HL7_041', undefined, { problem: 'lines outside of messages' }));
  return file;
}

const structure = (segment: string, sequence: number, problem: string): Finding =>
  finding('AORTA_HL7_041', { segment, sequence }, { problem });
const count = (segment: string, sequence: number): Finding => finding('AORTA_HL7_040', { segment, sequence, field: 1 });

/** Whether field 1 is valued and is not this number. */
function wrong({ segment }: BatchSegment, actual: number): boolean {
  const said = segment.field(1);
  if (said.state === 'absent' || said.state === 'empty') return false;
  const text = said.size > 20 ? '' : said.raw.toString('latin1').trim();
  return !/^\d+$/.test(text) || Number(text) !== actual;
}
