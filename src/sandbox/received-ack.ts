import { ackRequest, atOnce, batchFile, batchHeader, batchParts, type Message, parse } from '../hl7/index.ts';

/** An acknowledgement as the sender sees it. */
export interface ReceivedAck {
  /** MSA-1: AA, AE, AR, CA, CE, CR. Of a batch: the first that is no AA or CA, else AA. Empty: none was due. */
  readonly code: string;
  /** MSA-2: the control id that it answers. Of a batch: that of its header. */
  readonly controlId: string;
  readonly errors: readonly {
    readonly location: string;
    readonly condition: string;
    readonly severity: string;
    readonly code: string;
    readonly text: string;
  }[];
  readonly raw: Buffer;
  /** In enhanced mode: the accept acknowledgement that came before. */
  readonly accept?: ReceivedAck;
  /** Of a batch: all its acknowledgements. */
  readonly batch?: readonly ReceivedAck[];
}

const most = 1_000_000;

/** Reads an answer: one acknowledgement, or a batch of them. Throws AORTA_HL7_001, AORTA_HL7_002. */
export function readAck(content: Buffer): ReceivedAck {
  const header = batchHeader(content);
  if (!header) return ackOf(parse(content), content);
  const { batches } = batchFile(atOnce(batchParts(content, most)) ?? []);
  const batch = batches.flatMap(({ messages }) => messages).map((each) => ackOf(parse(each), each));
  const bad = batch.find(({ code }) => code !== 'AA' && code !== 'CA');
  const controlId = header.segment.field(12).raw.toString('latin1');
  return { code: bad?.code ?? 'AA', controlId, errors: bad?.errors ?? [], raw: content, batch };
}

function ackOf(message: Message, raw: Buffer): ReceivedAck {
  const errors = [...message.segments('ERR')].map((err) => ({
    location: err.field(2).raw.toString('latin1'),
    condition: err.field(3).component(1).text ?? '',
    severity: err.field(4).text ?? '',
    code: err.field(5).component(1).text ?? '',
    text: err.field(8).text ?? '',
  }));
  return { code: message.text('MSA-1') ?? '', controlId: message.field('MSA', 2).raw.toString('latin1'), errors, raw };
}

/** What a sender waits for after a message: read from its MSH-10, MSH-15 and MSH-16. */
export interface Expected {
  /** MSH-10, or BHS-11; undefined when none can be read: then the next answer is its own. */
  readonly controlId: string | undefined;
  /** `sure`: an answer comes, good or bad. `maybe`: only one of the two. `none`: whatever happens. */
  readonly first: 'sure' | 'maybe' | 'none';
  /** What follows CA. */
  readonly afterAccept: 'sure' | 'maybe' | 'none';
}

export function expectedOf(bytes: Buffer): Expected {
  const plain = { first: 'sure', afterAccept: 'none' } as const;
  const header = batchHeader(bytes);
  if (header) return { ...plain, controlId: header.segment.field(11).raw.toString('latin1') || undefined };
  try {
    const message = parse(bytes);
    const controlId = message.field('MSH', 10).raw.toString('latin1') || undefined;
    const request = ackRequest(message);
    if (request.mode === 'original') return { ...plain, controlId };
    const { accept, application } = request;
    const neither = accept === 'NE' && application === 'NE';
    return {
      controlId,
      first: accept === 'AL' || application === 'AL' ? 'sure' : neither ? 'none' : 'maybe',
      afterAccept: application === 'AL' ? 'sure' : application === 'NE' ? 'none' : 'maybe',
    };
  } catch {
    return { ...plain, controlId: undefined };
  }
}
