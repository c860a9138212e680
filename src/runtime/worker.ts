import { pathToFileURL } from 'node:url';
import { topics } from '../../schemas/topics.ts';
import { type Canonical, createCanonical } from '../canonical/index.ts';
import { loadSources } from '../cli/sources.ts';
import { topologyFiles } from '../cli/topologies.ts';
import { systemClock, systemRandom } from '../clock/system.ts';
import { within } from '../clock/within.ts';
import { type EdgeOptions, startEdge } from '../edge/index.ts';
import { type EngineOptions, Pace, type RunningFlow, shareOf, startFlow } from '../engine/index.ts';
import { error } from '../errors/index.ts';
import { type Flow, isFlow } from '../flow/flow.ts';
import type { Topic } from '../flow/topic.ts';
import { createGuards } from '../guard/index.ts';
import { createAdmission, type MllpOptions, oruRoute } from '../ingress/index.ts';
import { measureEventLoop } from '../ops/event-loop.ts';
import { boundGarbage } from '../ops/heap-growth.ts';
import { startKeeper } from '../ops/keeper.ts';
import { loopLoad } from '../ops/loop-load.ts';
import { type PrometheusTelemetry, prometheusTelemetry } from '../ops/telemetry.ts';
import { serdeFor } from '../schema/serde.ts';
import { startAssist } from './assist.ts';
import { startCds } from './cds.ts';
import type { CdsConfig, EhrConfig } from './ehr-config.ts';
import { ehrGuard, ehrTarget } from './ehr-guard.ts';
import { announce } from './instance.ts';
import { startMllpListeners } from './mllp.ts';
import type { MllpConfig } from './mllp-config.ts';
import type { ModelConfig } from './model-config.ts';
import { modelGuard } from './model-guard.ts';
import { pressureOn } from './pressure.ts';
import type { Profile, ProfileOptions } from './profile.ts';
import { openSecrets } from './secrets.ts';
import { ingressTopics } from './topics.ts';

export interface WorkerOptions {
  readonly data: string;
  readonly host: string;
  /** 0 picks a free port. */
  readonly port: number;
  readonly mllpPort: number;
  /** Project directory: `topologies/` and `sources/` are below it. */
  readonly root: string;
  readonly open: (options: ProfileOptions) => Promise<Profile>;
  readonly engine?: Partial<EngineOptions>;
  readonly telemetry?: PrometheusTelemetry;
  /** Zone of times without an offset. @default 'UTC' */
  readonly zone?: string;
  /** Assigning authority's namespace → FHIR identifier system. */
  readonly identifierSystems?: Readonly<Record<string, string>>;
  readonly mllp?: MllpConfig;
  /** What senders mean by AL1-4. @default 'severity' */
  readonly allergySeverity?: 'severity' | 'criticality';
  /** Senders without a source profile are refused. @default false */
  readonly strictSenders?: boolean;
  readonly ehrs?: Readonly<Record<string, EhrConfig>>;
  readonly cds?: CdsConfig;
  readonly model?: ModelConfig;
  /** A discharge asks for a draft of its summary. @default false */
  readonly draftOnDischarge?: boolean;
  /** The EHR that the local developer's calls are about. */
  readonly localEhr?: string;
  readonly sandbox?: EdgeOptions['sandbox'];
  /** Secrets that the process made for itself, by reference; all others are files (secrets.ts). */
  readonly secrets?: ReadonlyMap<string, string>;
}

export interface Worker {
  readonly profile: 'embedded' | 'kafka';
  readonly http: string;
  readonly mllp: { readonly host: string; readonly port: number };
  /** MLLP over TLS, where it has a port of its own. */
  readonly mllps: { readonly host: string; readonly port: number } | undefined;
  readonly flows: readonly RunningFlow[];
  readonly telemetry: PrometheusTelemetry;
  readonly canonical: Canonical;
  /** Ingress first, then flows (drained), then the edge, then the stores. */
  stop(): Promise<void>;
}

/** Milliseconds for what ingress has taken in to be stored and answered. */
const ingressDrainMs = 3_000;

/**
 * One process: the stores of a profile, every topology, the MLLP listener and the HTTP edge. Starting order: stores,
 * edge (not ready yet), flows, ingress; so nothing is acknowledged that no flow of this project would pick up.
 */
export async function startWorker(options: WorkerOptions): Promise<Worker> {
  const telemetry = options.telemetry ?? prometheusTelemetry();
  const random = systemRandom;
  const zone = options.zone ?? 'UTC';
  const systems = options.identifierSystems ?? {};
  const sources = await loadSources(options.root, { strict: options.strictSenders ?? false });
  const secrets = openSecrets({ data: options.data, clock: systemClock, telemetry, ...(options.secrets ? { own: options.secrets } : {}) });
  const profile = await options.open({ data: options.data, clock: systemClock, telemetry, secrets });
  const { clock } = profile;
  const stops: (() => Promise<unknown> | unknown)[] = [() => secrets.close(), () => profile.close()];
  // A promise that nobody waits for is a defect to be seen, never a reason to drop everybody's messages.
  const onRejection = (cause: unknown) => telemetry.log('error', 'worker.unhandled-rejection', { error: cause });
  process.on('unhandledRejection', onRejection);
  stops.push(measureEventLoop(telemetry), boundGarbage(clock));
  stops.push(() => process.off('unhandledRejection', onRejection));
  const stop = async () => {
    for (const step of stops.splice(0).reverse()) await step();
  };
  try {
    const serdes = new Map<string, ReturnType<typeof serdeFor>>();
    const serde = <T>(topic: Topic<T>): ReturnType<typeof serdeFor<T>> => {
      let made = serdes.get(topic.name);
      if (!made) {
        made = serdeFor(profile.registry, topic as Topic<unknown>);
        serdes.set(topic.name, made);
      }
      return made as ReturnType<typeof serdeFor<T>>;
    };
    const guards = await createGuards({ clock, random, telemetry, keyed: profile.keyed, worker: profile.instance });
    stops.push(() => guards.close());
    const admission = createAdmission({ ...profile, clock, random, telemetry });
    const pressure = pressureOn(() => admission.pressure(), loopLoad());
    const pace = new Pace(clock, pressure, telemetry);
    const ports = {
      ...profile,
      guards,
      pace,
      clock,
      random,
      telemetry,
      serde,
      partitions: (topic: string) => profile.log.partitions(topic),
    };
    // All at once, before the flows: those that share a new topic would make it at the same time.
    await profile.log.ensureTopics(Object.values(topics));

    const flows: RunningFlow[] = [];
    const entrances: Record<string, string> = {};
    const resubmit: Record<string, NonNullable<EdgeOptions['resubmit']>[string]> = {};
    let ready = false;
    // Ingress starts last.
    let unmerge: NonNullable<EdgeOptions['unmerge']> = () => Promise.reject(error('AORTA_INGRESS_004'));
    const canonical = createCanonical(profile.state, { systems, blob: profile.blob });
    const ehrs = options.ehrs ?? {};
    const cds = await startCds({
      ...{ root: options.root, ehrs, config: options.cds ?? {}, advice: profile.advice, keyed: profile.keyed },
      ...{ worker: profile.instance, secrets, canonical, clock, random, telemetry },
      guard: (ehr) => ehrGuard(guards, ehrTarget(ehr, ehrs[ehr]?.requestsPerSecond)),
      ...(options.localEhr === undefined ? {} : { localEhr: options.localEhr }),
    });
    stops.push(() => cds.stop());
    const assist = startAssist({
      ...{ profile, ehrs: cds.ehrs, canonical, config: options.model, secrets, clock, random, telemetry },
      guard: modelGuard(guards),
      serde: () => serde(topics.jobRequested),
    });
    const edge = await startEdge({
      host: options.host,
      port: options.port,
      profile: profile.kind,
      flows,
      entrances,
      state: profile.state,
      log: profile.log,
      registry: profile.registry,
      quarantine: profile.quarantine,
      audit: profile.audit,
      canonical,
      cds: cds.edge,
      assist: assist.edge,
      jobs: assist.desk,
      ...(options.sandbox ? { sandbox: options.sandbox } : {}),
      telemetry,
      clock,
      random,
      unmerge: (asked) => unmerge(asked),
      resubmit,
      ready: async () => {
        if (!ready) return ['starting'];
        const problems: string[] = [];
        await profile.log.ping().catch(() => problems.push('log'));
        await profile.state.ping().catch(() => problems.push('state'));
        return problems;
      },
    });
    stops.push(() => edge.stop());

    const reading = options.allergySeverity === undefined ? {} : { allergySeverity: options.allergySeverity };
    const draftOnDischarge = options.draftOnDischarge ?? false;
    const topologies = await Promise.all(
      topologyFiles(options.root).map((file) =>
        load(file, { ...reading, drafting: assist.drafting, draftOnDischarge, blob: profile.blob, zone, systems, sources }),
      ),
    );
    // Settled, all of them: one that fails must not leave the others running behind a start that failed.
    const made = topologies.filter((flow) => flow !== undefined);
    const engine = { ...shareOf(made.length), ...options.engine };
    const started = await Promise.allSettled(made.map((flow) => startFlow(flow, ports, engine)));
    flows.push(...started.flatMap((flow) => (flow.status === 'fulfilled' ? [flow.value] : [])));
    stops.push(() => Promise.all(flows.map((flow) => flow.stop())));
    for (const flow of started) if (flow.status === 'rejected') throw flow.reason;
    const keepDays = options.cds?.keepDays;
    const keeper = startKeeper({
      ...profile,
      flows,
      clock,
      telemetry,
      ...(keepDays === undefined ? {} : { adviceMs: keepDays * 86_400_000 }),
    });
    stops.push(() => keeper.stop());

    await assist.desk.start();
    stops.push(() => assist.desk.stop());
    await admission.start();
    stops.push(() => admission.stop({ drainMs: 1_000 }));
    const ingress: MllpOptions = {
      host: options.host,
      port: options.mllpPort,
      admission,
      serde: await serde(ingressTopics[0]),
      routes: [oruRoute({ serde: await serde(ingressTopics[1]), zone, identifierSystems: systems })],
      quarantine: profile.quarantine,
      telemetry,
      clock,
      random,
      defaults: { zone, identifierSystems: systems },
      sources,
    };
    const mllp = await startMllpListeners(ingress, options.mllp ?? {}, secrets);
    stops.push(async () => {
      const closed = mllp.stop({ drainMs: ingressDrainMs + 2_000 });
      // Senders whose messages cannot be stored now get an AE, while their connections are still there to carry it.
      await within(clock, ingressDrainMs, closed);
      await admission.stop({ drainMs: 1_000 });
      await closed;
    });
    unmerge = (asked) => admission.unmerge({ ...asked, topics: mllp.mergeTopics });
    resubmit['mllp'] = (body, peer) => mllp.resubmit(body, peer);
    entrances['mllp'] = `${mllp.address.host}:${mllp.address.port}`;
    if (mllp.secure) entrances['mllps'] = `${mllp.secure.host}:${mllp.secure.port}`;
    ready = true;
    stops.push(announce(options.data, { http: edge.url, pid: process.pid }));
    stops.push(() => {
      ready = false;
    });
    return { profile: profile.kind, http: edge.url, mllp: mllp.address, mllps: mllp.secure, flows, telemetry, canonical, stop };
  } catch (thrown) {
    await stop().catch(() => {});
    throw thrown;
  }
}

/** A topology's default export: a flow, or a function of the worker's resources that makes one; or none, where it is switched off. */
async function load(file: string, resources: object): Promise<Flow<unknown> | undefined> {
  const { default: made } = (await import(pathToFileURL(file).href)) as { default?: unknown };
  const flow: unknown = typeof made === 'function' ? made(resources) : made;
  if (flow === undefined && typeof made === 'function') return undefined;
  if (!isFlow(flow)) throw error('AORTA_CLI_004', { file, problem: 'its default export is not a flow' });
  return flow;
}
