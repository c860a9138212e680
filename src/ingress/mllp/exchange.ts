import type { Clock, Random } from '../../clock/clock.ts';
import { ulid } from '../../clock/ulid.ts';
import { AortaError, error } from '../../errors/index.ts';
import {
  type AckCode,
  type AckError,
  atOnce,
  buildAck,
  type Charset,
  contentDigest,
  type Finding,
  finding,
  inTurns,
  isAck,
  isFindingCode,
  type Message,
  noSources,
  parse,
  parseInTurns,
  type Sliced,
  type Sources,
  salvage,
} from '../../hl7/index.ts';
import type { Telemetry } from '../../telemetry/port.ts';
import type { Admission, Admitted } from '../admission.ts';
import { judge, type Verdict } from './judge.ts';
import type { Ticket } from './lane.ts';
import type { MllpMetrics } from './metrics.ts';
import type { Refuse } from './refusal.ts';
import type { Accepted, Route } from './route.ts';
import { sourceMetrics } from './source-metrics.ts';

/** Above this many bytes a message is worked on in slices, so that other connections get their turn. */
const large = 1024 * 1024;

export interface Arrival {
  readonly content: Buffer;
  /** Address of the sender, without port. */
  readonly peer: string;
  readonly receivedAt: number;
  readonly ticket: Ticket;
}

/**
 * One frame → one answer: parse, check, find the route of its type, admit, acknowledge. AA only when the record is
 * durable. Undefined for what is never answered (acknowledgements). Never rejects.
 *
 * What breaks a rule is quarantined before its AE or AR goes out. A failure to store is AE with ERR-3 207 and is not
 * quarantined: nothing is wrong with the message, and its sender will send it again.
 */
export type Exchange = (arrival: Arrival) => Promise<Buffer | undefined>;

export interface ExchangeParts {
  readonly routes: readonly Route[];
  readonly admission: Admission;
  readonly refuse: Refuse;
  readonly metrics: MllpMetrics;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  readonly random: Random;
  /** Of messages without MSH-18. */
  readonly charset: Charset;
  /** @default none */
  readonly sources?: Sources;
}

export function createExchange(parts: ExchangeParts): Exchange {
  const { admission, refuse, metrics, telemetry, clock, random, charset, sources = noSources } = parts;
  const parsing = { charset, ...sources.parsing };
  const bySource = sourceMetrics(telemetry, sources);
  const routes = new Map(parts.routes.map((route) => [route.type, route]));

  const answer = (to: Message | undefined, code: AckCode, errors: readonly AckError[] = [], eventId = ulid(clock, random)): Buffer => {
    metrics.answered(code);
    // Twenty characters, as old receivers allow; from the event id, so that a repeated message gets the same one.
    return buildAck({ to, code, controlId: eventId.slice(-20), at: clock.now(), errors });
  };

  const refusal = async (
    to: Message | undefined,
    findings: readonly Finding[],
    { content, peer, receivedAt }: Arrival,
  ): Promise<Buffer> => {
    const [first] = findings;
    for (const each of findings.slice(1)) metrics.refused(each.reason, each.code);
    if (first) await refuse({ code: first.code, message: first.message, reason: first.reason, peer, body: content, receivedAt });
    return answer(to, findings.some((each) => each.ack === 'AR') ? 'AR' : 'AE', findings);
  };

  const failed = (to: Message | undefined, thrown: unknown): Buffer => {
    const cause = thrown instanceof AortaError ? thrown : error('AORTA_MLLP_008', {}, { cause: thrown });
    if (!(thrown instanceof AortaError)) telemetry.log('error', 'mllp.exchange.failed', { error: thrown });
    metrics.refused('not-stored', cause.code);
    return answer(to, 'AE', [{ condition: '207', severity: 'E', code: cause.code, message: cause.message }]);
  };

  const admit = async (message: Message, accepted: Accepted, { content, receivedAt, ticket }: Arrival): Promise<Admitted> => {
    const work = contentDigest(message);
    const digest = content.length > large ? await inTurns(work, clock.soon) : atOnce(work);
    const body = await admission.body(content);
    await ticket.turn;
    const outcome = admission.admit({
      identifiers: accepted.identifiers,
      fingerprint: { sender: accepted.sender, controlId: accepted.controlId, digest },
      size: (body.raw?.length ?? 0) + 512,
      ...(accepted.merge ? { merge: accepted.merge } : {}),
      build: (ids) => accepted.build(ids, { body, receivedAt }),
    });
    ticket.leave();
    return outcome;
  };

  const read = async (arrival: Arrival): Promise<Buffer | undefined> => {
    const { content } = arrival;
    const inSlices = content.length > large;
    let message: Message;
    try {
      message = inSlices ? await parseInTurns(content, parsing, clock.soon) : parse(content, parsing);
    } catch (cause) {
      return refusal(salvage(content), [asFinding(cause)], arrival);
    }
    try {
      if (isAck(message)) {
        metrics.ignored('acknowledgement');
        metrics.answered('none');
        return undefined;
      }
      const { findings, accepted, skip } = await check(message, inSlices);
      if (skip !== undefined) return answer(message, 'AA');
      if (!accepted || findings.length > 0) return await refusal(message, findings, arrival);
      const outcome = await admit(message, accepted, arrival);
      if (outcome.kind === 'duplicate') metrics.duplicates.inc();
      if (outcome.controlIdReused) metrics.controlIdReused.inc();
      return answer(message, 'AA', [], outcome.eventId);
    } catch (cause) {
      if (cause instanceof AortaError && isFindingCode(cause.code)) return refusal(message, [asFinding(cause)], arrival);
      return failed(message, cause);
    }
  };

  const check = async (message: Message, inSlices: boolean): Promise<Verdict> => {
    const work: Sliced<Verdict> = judge(message, routes, sources);
    const verdict = inSlices ? await inTurns(work, clock.soon) : atOnce(work);
    bySource.judged(verdict);
    return verdict;
  };

  return async (arrival) => {
    try {
      return await read(arrival);
    } catch (cause) {
      return failed(undefined, cause);
    } finally {
      arrival.ticket.leave();
    }
  };
}

function asFinding(cause: unknown): Finding {
  if (!(cause instanceof AortaError) || !isFindingCode(cause.code)) throw cause;
  return { ...finding(cause.code), message: cause.message };
}
