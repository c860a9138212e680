import type { Clock } from '../../clock/clock.ts';
import { systemClock } from '../../clock/system.ts';
import { error } from '../../errors/index.ts';
import { canonical, parsed } from '../canonical.ts';
import { typeOf } from '../codec/type.ts';
import { backwardCompatible } from '../compatibility.ts';
import type { AvroSchema, Compatibility, RegisteredSchema, Registry } from '../port.ts';
import { type Api, ApiFailure, type ApiOptions, registryApi } from './api.ts';
import { RegistryCache } from './cache.ts';
import { UnknownIds } from './unknown.ts';

export interface ConfluentOptions extends Omit<ApiOptions, 'clock'> {
  /** File that keeps schemas and ids over restarts. Left out: memory only. */
  readonly cacheFile?: string;
  /** How long an id that the registry does not know is not asked for again. @default 10_000 */
  readonly unknownTtlMs?: number;
  /** How long after a failure no id is asked for. @default 1_000 */
  readonly failureTtlMs?: number;
  /** Told when the cache file cannot be written; the registry goes on from memory. */
  readonly onWarning?: (cause: unknown) => void;
  readonly clock?: Clock;
}

/**
 * A Confluent-compatible registry over HTTP.
 *
 * Invariants: a known id is never asked for again; one request per id in flight; at most one request per unknown id and
 * `unknownTtlMs`, and at most one probe per `failureTtlMs` while the registry is down. A subject of ours is BACKWARD unless
 * an operator set another level.
 * Failures: what the registry does not know is Decode (005); no answer is Transient (006), also 4xx while reading, since a
 * lapsed credential must hold the flow and not park its patients; an incompatible schema is Permanent (007).
 */
class ConfluentRegistry implements Registry {
  readonly kind = 'confluent';
  readonly #api: Api;
  readonly #stop: () => void;
  readonly #cache: RegistryCache;
  readonly #clock: Clock;
  readonly #unknown: UnknownIds;
  readonly #inFlight = new Map<number, Promise<AvroSchema>>();
  readonly #unknownTtlMs: number;
  readonly #failureTtlMs: number;
  #downUntil = Number.NEGATIVE_INFINITY;
  #downBecause: Error | undefined;

  constructor(options: ConfluentOptions, cache: RegistryCache) {
    this.#clock = options.clock ?? systemClock;
    const { api, stop } = registryApi({ ...options, clock: this.#clock });
    this.#api = api;
    this.#stop = stop;
    this.#cache = cache;
    this.#unknown = new UnknownIds(this.#clock);
    this.#unknownTtlMs = options.unknownTtlMs ?? 10_000;
    this.#failureTtlMs = options.failureTtlMs ?? 1_000;
  }

  async register(subject: string, schema: AvroSchema): Promise<number> {
    const type = parsed(subject, schema);
    const text = canonical(schema);
    let id: number;
    try {
      id = await this.#idOf(subject, schema);
    } catch (cause) {
      const known = this.#cache.id(subject, text);
      if (cause instanceof ApiFailure && cause.transient && known !== undefined) return known;
      throw await this.#explained(cause, subject, schema, 'register');
    }
    const cached = this.#cache.schema(id);
    // The same id with another schema: somebody replaced the registry, so nothing cached can be trusted.
    if (cached !== undefined && !type.equals(typeOf(cached))) this.#cache.clear();
    this.#cache.keepSchema(id, schema);
    this.#cache.keepId(subject, text, id);
    this.#unknown.delete(id);
    return id;
  }

  /** Looks the schema up first: a worker without the right to register still runs on what CI has pushed. */
  async #idOf(subject: string, schema: AvroSchema): Promise<number> {
    const body = { schema: JSON.stringify(schema) };
    const found = await orUndefined(this.#api.Subject.registered({ subject, body }));
    if (found) return found.id;
    const existing = await this.latest(subject);
    // Apicurio compares texts: the same schema in another layout would become a new version.
    if (existing && canonical(existing.schema) === canonical(schema)) return existing.id;
    const level = await orUndefined(this.#api.Subject.config({ subject }));
    // Before the first version, so that no version ever stands without a level.
    if (!level) {
      await this.#api.Subject.updateConfig({ subject, body: { compatibility: 'BACKWARD' } }).catch((cause) => {
        // Apicurio: somebody else has just set it.
        if (!(cause instanceof ApiFailure && cause.status === 409)) throw cause;
      });
    }
    return (await this.#api.Subject.register({ subject, body })).data().id;
  }

  async check(subject: string, schema: AvroSchema): Promise<Compatibility> {
    parsed(subject, schema);
    try {
      const latest = await this.latest(subject);
      if (!latest) return { compatible: true, problems: [] };
      const answer = (await this.#api.Subject.compatible({ subject, body: { schema: JSON.stringify(schema) } })).data();
      const ours = backwardCompatible(schema, latest.schema);
      if (answer.is_compatible && ours.compatible) return ours;
      if (!ours.compatible) return ours;
      return {
        compatible: false,
        problems: answer.messages?.length ? answer.messages : ["refused under the subject's compatibility level"],
      };
    } catch (cause) {
      throw await this.#explained(cause, subject, schema, 'check');
    }
  }

  cached(id: number): AvroSchema | undefined {
    return this.#cache.schema(id);
  }

  byId(id: number): Promise<AvroSchema> {
    const cached = this.#cache.schema(id);
    if (cached !== undefined) return Promise.resolve(cached);
    const refused = this.#unknown.error(id) ?? (this.#clock.monotonic() < this.#downUntil ? this.#downBecause : undefined);
    if (refused) return Promise.reject(refused);
    let request = this.#inFlight.get(id);
    if (!request) {
      request = this.#fetch(id).finally(() => this.#inFlight.delete(id));
      this.#inFlight.set(id, request);
    }
    return request;
  }

  async #fetch(id: number): Promise<AvroSchema> {
    try {
      const found = (await this.#api.Schema.find({ id })).data();
      if (found.schemaType !== undefined && found.schemaType !== 'AVRO')
        throw error('AORTA_SCHEMA_009', { schemaId: id, subject: '-', problem: `it is ${found.schemaType}, not Avro` });
      if (found.references?.length)
        throw error('AORTA_SCHEMA_009', { schemaId: id, subject: '-', problem: 'it refers to other subjects, which is not supported' });
      const schema = JSON.parse(found.schema) as AvroSchema;
      this.#cache.keepSchema(id, schema);
      return schema;
    } catch (cause) {
      if (!(cause instanceof ApiFailure)) {
        const refused =
          cause instanceof SyntaxError
            ? error('AORTA_SCHEMA_009', { schemaId: id, subject: '-', problem: 'its text is not JSON' })
            : (cause as Error);
        this.#unknown.add(id, refused, this.#unknownTtlMs);
        throw refused;
      }
      if (cause.status === 404) {
        const unknown = error('AORTA_SCHEMA_005', { schemaId: id });
        this.#unknown.add(id, unknown, this.#unknownTtlMs);
        throw unknown;
      }
      this.#downUntil = this.#clock.monotonic() + this.#failureTtlMs;
      this.#downBecause = error('AORTA_SCHEMA_006', { problem: cause.message }, { retryAfterMs: this.#failureTtlMs });
      throw this.#downBecause;
    }
  }

  async latest(subject: string): Promise<RegisteredSchema | undefined> {
    try {
      const found = await orUndefined(this.#api.Subject.latestVersion({ subject }));
      return found && { id: found.id, subject, version: found.version, schema: JSON.parse(found.schema) as AvroSchema };
    } catch (cause) {
      throw await this.#explained(cause, subject, undefined, 'the latest version');
    }
  }

  async subjects(): Promise<readonly string[]> {
    try {
      return [...(await this.#api.Subject.all()).data()].sort();
    } catch (cause) {
      throw await this.#explained(cause, '-', undefined, 'the list of subjects');
    }
  }

  async ping(): Promise<void> {
    await this.subjects();
  }

  async close(): Promise<void> {
    this.#stop();
    await this.#cache.flush();
  }

  async #explained(cause: unknown, subject: string, schema: AvroSchema | undefined, operation: string): Promise<unknown> {
    if (!(cause instanceof ApiFailure)) return cause;
    if (cause.transient) return error('AORTA_SCHEMA_006', { problem: cause.message });
    if (cause.status === 409 && schema !== undefined) {
      const latest = await this.latest(subject).catch(() => undefined);
      const problems = latest ? backwardCompatible(schema, latest.schema).problems : [];
      return error('AORTA_SCHEMA_007', { subject, problems: problems.join('; ') || cause.message });
    }
    return error('AORTA_SCHEMA_010', { operation: `${operation} of ${subject}`, problem: cause.message });
  }
}

/** The answer's data; `undefined` where the registry says 404. */
async function orUndefined<T>(answer: Promise<{ data(): T }>): Promise<T | undefined> {
  try {
    return (await answer).data();
  } catch (cause) {
    if (cause instanceof ApiFailure && cause.status === 404) return undefined;
    throw cause;
  }
}

/** Opens the registry at `options.url`. Does not connect: a registry that is down is met from the cache file. */
export async function confluentRegistry(options: ConfluentOptions): Promise<Registry> {
  const cache = new RegistryCache(options.cacheFile, options.onWarning ?? (() => undefined));
  await cache.load();
  return new ConfluentRegistry(options, cache);
}
