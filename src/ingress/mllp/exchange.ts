import type { Clock, Random } from '../../clock/clock.ts';
import { AortaError, error } from '../../errors/index.ts';
import {
  atOnce,
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
  refusedAtHeader,
  type Sliced,
  type Sources,
  salvage,
} from '../../hl7/index.ts';
import type { Telemetry } from '../../telemetry/port.ts';
import type { Admission, Admitted } from '../admission.ts';
import { type Answers, acknowledgements } from './acknowledge.ts';
import { judge, type Verdict } from './judge.ts';
import type { Ticket } from './lane.ts';
import type { MllpMetrics } from './metrics.ts';
import type { Refuse } from './refusal.ts';
import type { Accepted, Route } from './route.ts';
import type { Senders } from './senders.ts';
import { sourceMetrics } from './source-metrics.ts';

/** Above this many bytes a message is worked on in slices, so that other connections get their turn. */
const large = 1024 * 1024;

export interface Arrival {
  readonly content: Buffer;
  /** Address of the sender, without port. */
  readonly peer: string;
  /** Whom the sender's certificate names. */
  readonly subject?: string | undefined;
  readonly receivedAt: number;
  readonly ticket: Ticket;
}

/**
 * One message → its answers: parse, check, find the route of its type, admit, acknowledge. CA and AA only when the record
 * is durable. None for what is never answered (acknowledgements) and where the sender asks for none. Never rejects.
 *
 * What breaks a rule is quarantined before its AE or AR goes out. A failure to store is AE with ERR-3 207 and is not
 * quarantined: nothing is wrong with the message, and its sender will send it again.
 */
export type Exchange = (arrival: Arrival) => Promise<Answers>;

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
  readonly senders?: Senders;
  /** @default none */
  readonly sources?: Sources;
}

export function createExchange(parts: ExchangeParts): Exchange {
  const { admission, refuse, metrics, telemetry, clock, charset, sources = noSources } = parts;
  const parsing = { charset, ...sources.parsing };
  const bySource = sourceMetrics(telemetry, sources);
  const routes = new Map(parts.routes.map((route) => [route.type, route]));

  const acknowledge = acknowledgements(parts);

  const refusal = async (
    to: Message | undefined,
    findings: readonly Finding[],
    { content, peer, receivedAt }: Arrival,
  ): Promise<Answers> => {
    const [first] = findings;
    for (const each of findings.slice(1)) metrics.refused(each.reason, each.code);
    const refused = first && { code: first.code, message: first.message, reason: first.reason, peer, body: content, receivedAt };
    const kept = refused !== undefined && (await refuse(refused));
    const code = findings.some((each) => each.ack === 'AR') ? 'AR' : 'AE';
    return acknowledge(to, { code, accept: kept && !refusedAtHeader(findings) ? 'taken' : 'refused' }, { errors: findings });
  };

  const failed = (to: Message | undefined, thrown: unknown): Answers => {
    const cause = thrown instanceof AortaError ? thrown : error('AORTA_MLLP_008', {}, { cause: thrown });
    if (!(thrown instanceof AortaError)) telemetry.log('error', 'mllp.exchange.failed', { error: thrown });
    metrics.refused('not-stored', cause.code);
    const errors = [{ condition: '207', severity: 'E', code: cause.code, message: cause.message }] as const;
    return acknowledge(to, { code: 'AE', accept: 'refused' }, { errors });
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

  const read = async (arrival: Arrival): Promise<Answers> => {
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
        return [];
      }
      const { findings, accepted, skip } = await check(message, inSlices);
      // Taken in as far as this site wants it: the reviewed profile says that nothing of it is to be kept.
      if (skip !== undefined) return acknowledge(message, { code: 'AA', accept: 'taken' });
      if (!accepted || findings.length > 0) return await refusal(message, findings, arrival);
      const outcome = await admit(message, accepted, arrival);
      if (outcome.kind === 'duplicate') metrics.duplicates.inc();
      if (outcome.controlIdReused) metrics.controlIdReused.inc();
      parts.senders?.heard(accepted.sender, arrival.subject);
      return acknowledge(message, { code: 'AA', accept: 'taken' }, { eventId: outcome.eventId });
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
