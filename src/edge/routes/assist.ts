import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Composition, compose, type Retrieved } from '../../assist/index.ts';
import { ulid } from '../../clock/ulid.ts';
import { error } from '../../errors/index.ts';
import type { Answer } from '../assist/answer.ts';
import { Answers, askedDigest } from '../assist/answers.ts';
import { type AssistLimits, assistLimits } from '../assist/options.ts';
import { EventWriter } from '../assist/writer.ts';
import { securityHeaders } from '../headers.ts';
import type { EdgeOptions } from '../options.ts';

interface Ask {
  readonly patientId: string;
  readonly prompt: string;
}

const schema = {
  summary: 'Answer a question about a patient, as a stream of tokens',
  description:
    'Server-sent events: `data: {"type":"token","content":"…"}`, at the end `data: [DONE]`; before it `{"type":"error","code":"…"}` when something failed. `Last-Event-ID` resumes; where the answer is not here any more, that is the error (AORTA_ASSIST_003): ask again without it.',
  tags: ['assist'],
  headers: { type: 'object', properties: { 'last-event-id': { type: 'string', maxLength: 64 } } },
  body: {
    type: 'object',
    additionalProperties: false,
    required: ['patientId', 'prompt'],
    properties: {
      patientId: { type: 'string', pattern: '^[A-Za-z0-9.-]{1,64}$' },
      prompt: { type: 'string', minLength: 1, maxLength: 4_000 },
    },
  },
  response: { 200: { description: 'Server-sent events', type: 'string' } },
} as const;

const buckets = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/**
 * `POST /api/assist`: what is known of the patient here and at the EHR, put into words by the model, as it writes. What
 * can be refused is refused before the stream begins, as a problem document.
 */
export function assistRoutes(app: FastifyInstance, options: EdgeOptions): void {
  const { assist, clock, random, telemetry } = options;
  const limits: AssistLimits = { ...assistLimits, ...assist?.limits };
  const answers = new Answers(limits.atOnce);
  app.addHook('preClose', async () => answers.endAll());
  if (telemetry) app.addHook('onClose', async () => stopSampling());
  const stopSampling = telemetry?.sampled('aorta_assist_open', 'Answers under way', {}, () => answers.underWay) ?? (() => {});
  const audit = ({ body }: FastifyRequest) => ({ action: 'assist', patientId: (body as Ask | undefined)?.patientId });
  const access = { roles: ['clinician', 'service', 'admin'] as const, audit };

  app.post<{ Body: Ask }>('/api/assist', { schema, bodyLimit: 32 * 1024, config: { access } }, async (request, reply) => {
    if (!assist) throw error('AORTA_EDGE_004', { what: 'model here' });
    const since = clock.monotonic();
    const { patientId, prompt } = request.body;
    const asked = askedDigest(patientId, prompt);
    const last = request.headers['last-event-id'];
    if (typeof last === 'string' && last !== '') {
      const resumed = answers.resume(last, request.actor.id, asked);
      if (resumed) follow(reply, resumed.answer, resumed.seen);
      else gone(reply);
      return;
    }
    answers.room();
    const id = ulid(clock, random);
    const offer = { method: 'POST', href: '/api/jobs', body: { type: 'clinical-draft', patientId } } as const;
    const ended = (outcome: string) => {
      telemetry.counter('aorta_assist_answers_total', 'Answers by how they ended', { outcome }).inc();
      const first = answer.firstTokenMs;
      if (first !== undefined)
        telemetry.histogram('aorta_assist_first_token_seconds', 'From request to first token', buckets).observe(first / 1000);
    };
    const answer = answers.open({ id, owner: request.actor.id, asked, clock, limits, offer, since, ended });
    // A client that leaves before the stream begins has no writer yet.
    reply.raw.once('close', () => answer.over || reply.raw.headersSent || answer.fail(error('AORTA_ASSIST_004')));
    // A store that does not answer hears no signal: whoever asked is told in time all the same.
    const given = new Promise<undefined>((resolve) => answer.signal.addEventListener('abort', () => resolve(undefined), { once: true }));
    const retrieved = await Promise.race([assist.retrieve(patientId, answer.signal), given]).catch((thrown: unknown) => {
      // The stream says it, if it was the time that ran out.
      if (answer.signal.aborted) return undefined;
      answer.fail(thrown);
      throw thrown;
    });
    if (!retrieved && !answer.over) {
      const missing = error('AORTA_EDGE_004', { what: 'such patient' });
      answer.fail(missing);
      throw missing;
    }
    if (reply.raw.destroyed) return reply.hijack();
    follow(reply, answer, 0);
    if (retrieved) void run(answer, retrieved, request, since);
  });

  /**
   * To a client that comes back for an answer that is not here: never the rest of another one, and never nothing. The
   * empty id makes it forget the one that it has (HTML, 9.2.6), so that it asks anew when it connects again by itself.
   */
  function gone(reply: FastifyReply): void {
    const { code, message } = error('AORTA_ASSIST_003');
    telemetry.counter('aorta_assist_answers_total', 'Answers by how they ended', { outcome: code }).inc();
    opened(reply).end(`id\ndata: ${JSON.stringify({ type: 'error', code, message })}\n\ndata: [DONE]\n\n`);
  }

  const opened = (reply: FastifyReply) => {
    reply.request.place?.leave();
    return reply.hijack().raw.writeHead(200, {
      ...securityHeaders,
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-cache',
      // Proxies must pass events on as they come.
      'X-Accel-Buffering': 'no',
    });
  };

  /** Begins the stream, or goes on with it after event `seen`. */
  function follow(reply: FastifyReply, answer: Answer, seen: number): void {
    // Gone while it was recorded: its `close` came before anybody listened for it.
    if (reply.raw.destroyed) return void reply.hijack();
    const raw = opened(reply);
    const left = (why: string) => {
      if (why !== 'closed')
        telemetry.counter('aorta_assist_dropped_total', 'Clients that did not take what was sent', { reason: why }).inc();
      answer.detach(writer);
    };
    const writer: EventWriter = new EventWriter(raw, { clock, ...limits, left });
    writer.write('retry: 1000\n\n');
    answer.attach(writer, seen);
  }

  async function run(answer: Answer, retrieved: Retrieved, request: FastifyRequest<{ Body: Ask }>, since: number): Promise<void> {
    if (!assist) return;
    const { model } = assist;
    let composition: Composition | undefined;
    try {
      const pieces = compose({
        ...{ task: 'assist', question: request.body.prompt, retrieved, model, now: clock.now(), maxOutputTokens: limits.maxOutputTokens },
        signal: answer.signal,
      });
      for (let piece = await pieces.next(); ; piece = await pieces.next()) {
        if (piece.done) {
          composition = piece.value;
          break;
        }
        answer.token(piece.value);
        // A model without any waits of its own must not hold the others up.
        await new Promise<void>((resolve) => clock.soon(resolve));
      }
      answer.finish();
    } catch (thrown) {
      if (!answer.over) telemetry.log('warn', 'assist.failed', { error: thrown });
      answer.fail(thrown);
    }
    await keep(retrieved, request, composition, clock.monotonic() - since);
  }

  /** What the answer was made from, and by what: beside the advice of CDS services. */
  async function keep(retrieved: Retrieved, request: FastifyRequest, composition: Composition | undefined, ms: number): Promise<void> {
    const [now, { reads }] = [clock.now(), retrieved.provenance];
    const id = ulid(clock, random);
    await assist?.advice
      .record([
        {
          ...{
            id,
            hookInstance: id,
            service: 'assist',
            hook: 'assist',
            client: request.actor.id,
            patient: retrieved.patientId,
            at: now,
            ms,
          },
          ...{ outcome: composition ? 'answered' : 'failed', cards: composition ? [composition] : [], reads },
        },
      ])
      .catch((thrown: unknown) => telemetry.log('warn', 'assist.record.failed', { error: thrown }));
  }
}
