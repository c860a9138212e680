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
  type Sources,
  salvage,
} from '../../hl7/index.ts';
import type { Telemetry } from '../../telemetry/port.ts';
import type { Admission, Admitted, Body } from '../admission.ts';
import { type Answers, acknowledgements } from './acknowledge.ts';
import { judge } from './judge.ts';
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

  /** What is small waits for nothing on its way to the queue, unless something of its connection is before it. */
  const admit = (message: Message, accepted: Accepted, arrival: Arrival): Promise<Admitted> => {
    const { content, ticket } = arrival;
    if (content.length > large) return admitInTurns(message, accepted, arrival);
    const digest = atOnce(contentDigest(message));
    const body = admission.body(content);
    const { turn } = ticket;
    if (turn === undefined && !(body instanceof Promise)) return queue(accepted, arrival, digest, body);
    return admitLater(accepted, arrival, digest, body, turn);
  };

  const admitInTurns = async (message: Message, accepted: Accepted, arrival: Arrival): Promise<Admitted> => {
    const digest = await inTurns(contentDigest(message), clock.soon);
    return admitLater(accepted, arrival, digest, admission.body(arrival.content), arrival.ticket.turn);
  };

  const admitLater = async (
    accepted: Accepted,
    arrival: Arrival,
    digest: string,
    stored: Body | Promise<Body>,
    turn: Promise<void> | undefined,
  ): Promise<Admitted> => {
    const body = await stored;
    await turn;
    return queue(accepted, arrival, digest, body);
  };

  const queue = (accepted: Accepted, { receivedAt, ticket }: Arrival, digest: string, body: Body): Promise<Admitted> => {
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
      const verdict = inSlices ? await inTurns(judge(message, routes, sources), clock.soon) : atOnce(judge(message, routes, sources));
      bySource.judged(verdict);
      const { findings, accepted, skip } = verdict;
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
