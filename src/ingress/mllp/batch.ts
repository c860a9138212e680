import type { Clock, Random } from '../../clock/clock.ts';
import { ulid } from '../../clock/ulid.ts';
import { AortaError, error } from '../../errors/index.ts';
import {
  type AckError,
  atOnce,
  type BatchFile,
  batchFile,
  batchHeader,
  batchParts,
  buildBatchAck,
  type Finding,
  faultOf,
  finding,
  inTurns,
  mayBeBatch,
  salvage,
} from '../../hl7/index.ts';
import type { Telemetry } from '../../telemetry/port.ts';
import { type Answers, acknowledgements } from './acknowledge.ts';
import type { Arrival, Exchange } from './exchange.ts';
import { Lane } from './lane.ts';
import type { MllpLimits } from './limits.ts';
import type { MllpMetrics } from './metrics.ts';
import type { Refuse } from './refusal.ts';

/** `batch`: a batch is answered by one batch of acknowledgements. `each`: by a frame for each acknowledgement. */
export type BatchAnswers = 'batch' | 'each';

export interface BatchParts {
  readonly exchange: Exchange;
  readonly refuse: Refuse;
  readonly metrics: MllpMetrics;
  readonly telemetry: Telemetry;
  readonly limits: MllpLimits;
  readonly clock: Clock;
  readonly random: Random;
  readonly answers: BatchAnswers;
}

/** Above this many bytes a frame is cut in slices, so that other connections get their turn. */
const large = 1024 * 1024;
/** So many messages are begun, then other connections get their turn. */
const stretch = 16;

/**
 * An exchange for frames that may hold a batch (FHS, BHS … BTS, FTS) or several messages. Each message is an exchange of
 * its own, with its own verdict and its own check for duplicates, in the order of the frame; `limits.inFlight` of them
 * are under way at a time.
 *
 * - A batch is answered in one frame, by a batch (or as `answers` says); messages without BHS are answered one by one.
 * - A wrong count and a wrong structure are a finding of the batch: quarantined, and answered AE behind the messages,
 *   which are taken all the same: a count says that something is missing, not that what is there is wrong.
 * - More messages than `limits.batchMessages`: AR, and nothing is taken.
 * - Nothing is answered where no message has an answer, or where the batch answers another one (BHS-12): a batch of
 *   acknowledgements never is.
 */
export function withBatches(parts: BatchParts): Exchange {
  const { exchange, refuse, metrics, telemetry, limits, clock, random } = parts;
  const acknowledge = acknowledgements(parts);
  const controlIdOf = (): string => ulid(clock, random).slice(-18);

  /** Answers of each batch's messages. */
  const messages = async (file: BatchFile, arrival: Arrival): Promise<Buffer[][]> => {
    const lane = new Lane();
    const running: Promise<Answers>[] = [];
    for (const content of file.batches.flatMap((batch) => batch.messages)) {
      const before = running[running.length - limits.inFlight];
      if (before) await before;
      running.push(exchange({ ...arrival, content, ticket: lane.ticket() }));
      if (running.length % stretch === 0) await new Promise<void>((resolve) => clock.soon(resolve));
    }
    const answers = await Promise.all(running);
    let at = 0;
    return file.batches.map((batch) => {
      at += batch.messages.length;
      return answers.slice(at - batch.messages.length, at).flat();
    });
  };

  const refused = async (findings: readonly Finding[], { content, peer, receivedAt }: Arrival): Promise<void> => {
    const [first] = findings;
    if (!first) return;
    for (const each of findings.slice(1)) metrics.refused(each.reason, each.code);
    await refuse({ code: first.code, message: first.message, reason: first.reason, peer, body: content, receivedAt });
  };

  /** Of a batch that is not taken at all: to its header, else to the first message that can be made out. */
  const whole = (content: Buffer, code: 'AE' | 'AR', errors: readonly AckError[]): Answers => {
    const header = batchHeader(content);
    if (!header) return acknowledge(salvage(content), { code, accept: 'refused' }, { errors });
    metrics.acknowledged(code);
    return [faultOf(header, errors, controlIdOf(), clock.now(), code)];
  };

  const batch = async (arrival: Arrival): Promise<Answers> => {
    const { content } = arrival;
    // Headers and trailers count as well, so that a frame of nothing but them is bounded, too.
    const cut = batchParts(content, limits.batchMessages * 2 + 2);
    const found = content.length > large ? await inTurns(cut, clock.soon) : atOnce(cut);
    if (found?.length === 1 && found[0]?.kind === 'message') return exchange(arrival);
    const file = found && batchFile(found);
    const count = file?.batches.reduce((sum, each) => sum + each.messages.length, 0) ?? Number.POSITIVE_INFINITY;
    if (!file || count > limits.batchMessages) {
      const findings = [finding('AORTA_HL7_042', undefined, { limit: limits.batchMessages })];
      await refused(findings, arrival);
      return whole(content, 'AR', findings);
    }

    await arrival.ticket.turn;
    metrics.batches.inc();
    const answers = await messages(file, arrival);
    const findings = [...file.batches.flatMap((each) => each.findings), ...file.findings];
    await refused(findings, arrival);
    const header = batchHeader(content);
    const unanswered = answers.every((each) => each.length === 0);
    if (unanswered && (count > 0 || (header?.segment.field(12).size ?? 0) > 0)) return [];
    if (!header) return answers.flat();
    if (findings.length > 0) metrics.acknowledged('AE');
    if (parts.answers === 'batch') return [buildBatchAck({ file, answers, controlId: controlIdOf(), at: clock.now() })];
    return [...answers.flat(), ...(findings.length > 0 ? [faultOf(header, findings, controlIdOf(), clock.now())] : [])];
  };

  const perhaps: Exchange = async (arrival) => {
    try {
      return await batch(arrival);
    } catch (thrown) {
      const cause = thrown instanceof AortaError ? thrown : error('AORTA_MLLP_008', {}, { cause: thrown });
      telemetry.log('error', 'mllp.exchange.failed', { error: thrown });
      metrics.refused('not-stored', cause.code);
      const errors = [{ condition: '207', severity: 'E', code: cause.code, message: cause.message }] as const;
      return whole(arrival.content, 'AE', errors);
    } finally {
      arrival.ticket.leave();
    }
  };

  return (arrival) => (mayBeBatch(arrival.content) ? perhaps(arrival) : exchange(arrival));
}
