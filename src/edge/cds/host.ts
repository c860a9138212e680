import type { AdviceStore } from '../../advice/port.ts';
import type { Canonical } from '../../canonical/index.ts';
import {
  type Card,
  type CdsRequest,
  type CdsService,
  cardProblems,
  parseFeedback,
  parseRequest,
  type SystemAction,
  systemActionProblems,
  userTokens,
  withinBudget,
  withLinksBelow,
} from '../../cds/index.ts';
import type { Clock, Random } from '../../clock/clock.ts';
import { ulid } from '../../clock/ulid.ts';
import { AortaError, error } from '../../errors/index.ts';
import { type FhirClient, type Gathered, gather } from '../../fhir/client/index.ts';
import type { Telemetry } from '../../telemetry/port.ts';
import type { EhrAccess } from './ehr.ts';
import { cdsMetrics, type Outcome } from './metrics.ts';
import { ownRecord } from './own.ts';
import { createRecorder } from './recorder.ts';

export interface CdsHostOptions {
  readonly services: readonly CdsService[];
  /** The EHR of a client, by the client's configured name. */
  readonly ehrOf: (client: string) => EhrAccess | undefined;
  readonly canonical: Canonical;
  readonly advice: AdviceStore;
  /** Addresses below which cards may link, beside this Aorta's own. @default none */
  readonly linkBases?: readonly string[];
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
  /** Milliseconds from the request to the answer at its caller; work is given up 300 ms (a fifteenth) before. @default 4500 */
  readonly budgetMs?: number;
  /** Milliseconds from the request to the end of each read. @default 3500, so that what is known can still be said */
  readonly perReadMs?: number;
}

export interface CdsCaller {
  readonly client: string;
  /** Address of this Aorta for links. */
  readonly home: string;
  /** When the request began to come in (monotonic): the budget counts from there. @default now */
  readonly since?: number;
  /** The audit record: no answer and no refusal goes before it is durable. In the budget, as everything. */
  readonly recorded?: Promise<void>;
  /** Everything but `recorded` is done. */
  readonly hurry?: () => void;
}

export interface CdsAnswer {
  readonly cards: readonly Card[];
  readonly systemActions?: readonly SystemAction[];
}

export interface CdsHost {
  readonly services: readonly CdsService[];
  /**
   * Answers and refuses behind the audit record. What is late, or cannot be recorded, is answered with nothing; of requests
   * that are wrong nothing was looked up, so they are refused then too, by the record's failure if it has one.
   * @throws AORTA_EDGE_004, AORTA_CDS_001 (no such request), AORTA_CDS_003 (data that it cannot do without)
   */
  call(service: string, body: unknown, caller: CdsCaller): Promise<CdsAnswer>;
  /** Durable when resolved. @throws AORTA_CDS_001 */
  feedback(service: string, body: unknown, caller: { readonly client: string }): Promise<number>;
  readonly advice: AdviceStore;
  stop(): Promise<void>;
}

interface Advised {
  readonly outcome: Outcome;
  readonly answer: CdsAnswer;
  readonly gathered?: Gathered;
}

const nothing: CdsAnswer = { cards: [] };

/**
 * Part of the budget after which work is given up. The rest (300 ms of 4.5 s) is for what no timer of ours sees: the wait
 * before the request was read, a turn of a busy event loop before the timer is heard, and the way back.
 */
const share = 14 / 15;

/** Milliseconds that the canonical store may take at most: one that works takes a few. */
const mostOwnMs = 1_000;

/**
 * Runs CDS services: reads, rules, checks, in one budget. Whatever the EHR or a service does, the caller gets 200 with
 * what is known, or with no cards; only a request that is wrong, or mandatory data that cannot be had at all, is refused.
 */
export function createCdsHost(options: CdsHostOptions): CdsHost {
  const { services, clock, random, telemetry, advice, budgetMs = 4_500, perReadMs = 3_500 } = options;
  const workMs = Math.round(budgetMs * share);
  const metrics = cdsMetrics(telemetry, services);
  const recorder = createRecorder(advice, telemetry, clock);

  const named = (id: string): readonly CdsService[] => {
    const found = services.filter((service) => service.id === id);
    if (found.length === 0) throw error('AORTA_EDGE_004', { what: 'such CDS service' });
    return found;
  };

  return {
    services,
    advice,
    async call(id, body, caller) {
      const started = caller.since ?? clock.monotonic();
      const within = <T>(work: (signal: AbortSignal) => Promise<T>) => withinBudget(clock, workMs - (clock.monotonic() - started), work);
      const durable = () => {
        caller.hurry?.();
        return caller.recorded;
      };
      const { service, request } = await understood(id, body).catch(async (refusal: unknown) => {
        await within(async () => durable());
        throw refusal;
      });
      const record = (outcome: Outcome, { cards }: CdsAnswer, gathered?: Gathered) => {
        const ms = clock.monotonic() - started;
        metrics.answered(id, outcome, ms);
        for (const read of gathered?.provenance.reads ?? []) metrics.read(read.key, read.source, read.status);
        const { hookInstance, hook, context } = request;
        const [now, { client }, patient, reads] = [clock.now(), caller, context.patientId, gathered?.provenance.reads ?? []];
        recorder.add({ id: ulid(clock, random), hookInstance, service: id, hook, client, patient, at: now, outcome, ms, cards, reads });
      };
      try {
        const timed = await within(async (signal) => {
          try {
            return await advise(service, request, caller, started, signal);
          } finally {
            await durable();
          }
        });
        const { outcome, answer, gathered }: Advised = timed.late ? { outcome: 'late', answer: nothing } : timed.value;
        record(outcome, answer, gathered);
        return answer;
      } catch (thrown) {
        const missing = thrown instanceof AortaError && thrown.code === 'AORTA_CDS_003';
        record(missing ? 'missing' : 'failed', nothing);
        if (missing) throw thrown;
        // A defect of ours is no reason to hold a clinician up.
        telemetry.log('error', 'cds.failed', { service: id, error: thrown });
        return nothing;
      }
    },
    async feedback(id, body, { client }) {
      named(id);
      const entries = parseFeedback(body);
      const receivedAt = clock.now();
      await advice.feedback(
        entries.map(({ card, outcome, acceptedSuggestions, reason, userComment, outcomeAt }) => ({
          ...{ id: ulid(clock, random), service: id, client, card, outcome, suggestions: acceptedSuggestions, outcomeAt, receivedAt },
          ...{ reasonSystem: reason?.system ?? null, reasonCode: reason?.code ?? null, comment: userComment ?? null },
        })),
      );
      for (const { outcome } of entries) metrics.feedback(id, outcome);
      return entries.length;
    },
    stop: () => recorder.flushed(),
  };

  async function understood(id: string, body: unknown): Promise<{ service: CdsService; request: CdsRequest }> {
    return parseRequest(body, named(id));
  }

  async function advise(
    service: CdsService,
    request: CdsRequest,
    caller: CdsCaller,
    started: number,
    signal: AbortSignal,
  ): Promise<Advised> {
    const gathered = await gather({
      reads: service.reads,
      context: { ...request.context, ...userTokens(String(request.context['userId'])) },
      prefetch: request.prefetch,
      client: clientFor(request, options.ehrOf(caller.client)),
      perReadMs: perReadMs - (clock.monotonic() - started),
      signal,
      clock,
    });
    const denied = service.requires.filter((key) => gathered.reads[key]?.status === 'denied');
    if (denied.length > 0) throw error('AORTA_CDS_003', { missing: denied.join(', ') });
    // The EHR does not answer just now: nothing to say is better than to hold the clinician up, or to guess.
    if (service.requires.some((key) => gathered.reads[key]?.status === 'failed'))
      return { outcome: 'incomplete', answer: nothing, gathered };
    try {
      const patient = gathered.reads['patient']?.resources[0];
      const { record: own, gaps: ownGaps } = await ownRecord(options.canonical, patient, {
        clock,
        // The service needs the other half, and what the EHR sent is worth more than the wait.
        ms: Math.min(mostOwnMs, (workMs - (clock.monotonic() - started)) / 2),
        failed: (thrown) => telemetry.log('warn', 'cds.own.failed', { service: service.id, error: thrown }),
      });
      const advised = await service.run({
        ...{ context: request.context as never, data: gathered.reads, own, ownGaps, now: clock.now(), signal, home: caller.home },
      });
      const answer = checked(service, 'cards' in advised ? advised : { cards: advised }, caller.home);
      const some = answer.cards.length > 0 || answer.systemActions !== undefined;
      return { outcome: gathered.incomplete.length + ownGaps().length > 0 ? 'incomplete' : some ? 'advised' : 'empty', answer, gathered };
    } catch (thrown) {
      telemetry.log('error', 'cds.failed', { service: service.id, error: thrown });
      return { outcome: 'failed', answer: nothing, gathered };
    }
  }

  /** Only what is valid leaves; what is not is a defect of the service, and shows in a metric. */
  function checked(service: CdsService, { cards, systemActions = [] }: CdsAnswer, home: string): CdsAnswer {
    const valid = <T>(values: readonly T[], problemsOf: (value: T) => readonly string[]) =>
      values.filter((value) => {
        const problems = problemsOf(value);
        if (problems.length === 0) return true;
        metrics.invalid(service.id);
        telemetry.log('error', 'cds.card.invalid', { service: service.id, reason: problems.slice(0, 3).join('; ') });
        return false;
      });
    const actions = valid(systemActions, systemActionProblems);
    // Feedback names cards by uuid, so each has one. First the check: what is no card at all has no place for one.
    const identified = valid(cards, cardProblems).map((card) => ({
      uuid: uuid(random),
      ...linked(service, card, home),
      ...suggested(card),
    }));
    return { cards: identified, ...(actions.length === 0 ? {} : { systemActions: actions }) };
  }

  function linked(service: CdsService, given: Card, home: string): Card {
    const { card, dropped } = withLinksBelow(given, [home, ...(options.linkBases ?? [])]);
    if (dropped > 0) {
      metrics.dropped(service.id, dropped);
      // Not where to: an address may hold anything.
      telemetry.log('error', 'cds.link.dropped', { service: service.id, reason: 'it is not below cds.linkBases' });
    }
    return card;
  }

  function suggested({ suggestions }: Card): Pick<Card, 'suggestions'> {
    return suggestions ? { suggestions: suggestions.map((suggestion) => ({ uuid: uuid(random), ...suggestion })) } : {};
  }
}

/**
 * With the token that came along, when it is for the EHR that is configured for this client: an address in a request is
 * never called otherwise. Else with our own registration there, else not at all.
 */
function clientFor({ fhirServer, fhirAuthorization }: CdsRequest, ehr: EhrAccess | undefined): FhirClient | undefined {
  const same = (url: string | undefined) => url?.replace(/\/+$/, '') === ehr?.fhirBase.replace(/\/+$/, '');
  if (ehr && fhirAuthorization && same(fhirServer)) return ehr.withToken(fhirAuthorization.accessToken);
  return ehr?.as('cds');
}

/** Version 4 of RFC 9562. */
function uuid(random: Random): string {
  const bytes = Buffer.from(random.bytes(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
