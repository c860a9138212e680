import type { Canonical } from '../canonical/index.ts';
import type { Clock, Random } from '../clock/clock.ts';
import type { RunningFlow } from '../engine/index.ts';
import type { Audit } from '../governance/audit/port.ts';
import type { Resubmitted, Unmerged } from '../ingress/index.ts';
import type { Desk } from '../jobs/desk.ts';
import type { Log } from '../log/port.ts';
import type { PrometheusTelemetry } from '../ops/telemetry.ts';
import type { Quarantine } from '../quarantine/port.ts';
import type { Registry } from '../schema/port.ts';
import type { State } from '../state/port.ts';
import type { EdgeAssist } from './assist/options.ts';
import type { EdgeCds } from './cds/index.ts';

export interface SandboxCall {
  readonly service: string;
  readonly patientId: string;
  readonly encounterId?: string;
  /** @default true */
  readonly prefetch?: boolean;
}

/** A sandbox EHR beside a development server. */
export interface EdgeSandbox {
  patients(): Promise<readonly object[]>;
  /** Calls one of our CDS services as an EHR does, at this address of ours. */
  call(call: SandboxCall, base: string): Promise<{ readonly status: number; readonly ms: number; readonly body: unknown }>;
}

export interface EdgeOptions {
  readonly host: string;
  /** 0 picks a free port. */
  readonly port: number;
  readonly profile: 'embedded' | 'kafka';
  /** Filled as flows start. */
  readonly flows: readonly RunningFlow[];
  /** Where senders connect, by protocol (`mllp`), as `host:port`; filled as entry points start. */
  readonly entrances?: Readonly<Record<string, string>>;
  readonly state: State;
  readonly log: Log;
  readonly registry: Registry;
  readonly quarantine: Quarantine;
  readonly audit: Audit;
  readonly canonical: Canonical;
  readonly telemetry: PrometheusTelemetry;
  readonly clock: Clock;
  readonly random: Random;
  /** Undoes a merge of patients; goes through ingress. Without it there is none here. */
  readonly unmerge?: (unmerge: { survivor: string; merged: string; dryRun: boolean }) => Promise<Unmerged>;
  /** CDS Hooks. Without it there are no services here. */
  readonly cds?: EdgeCds;
  readonly sandbox?: EdgeSandbox;
  /** Answers about a patient. Without it there are none here. */
  readonly assist?: EdgeAssist;
  /** Jobs. Without it none are taken here. */
  readonly jobs?: Desk;
  /** Takes quarantined input in again, by the entry point that refused it (`mllp`); filled as entry points start. */
  readonly resubmit?: Readonly<Record<string, (body: Buffer, peer: string) => Promise<Resubmitted>>>;
  /** What is not ready; empty: all is. */
  readonly ready: () => Promise<readonly string[]>;
}

export interface Edge {
  readonly url: string;
  stop(): Promise<void>;
}
