import type { Canonical } from '../canonical/index.ts';
import type { Clock, Random } from '../clock/clock.ts';
import type { RunningFlow } from '../engine/index.ts';
import type { Audit } from '../governance/audit/port.ts';
import type { Resubmitted, Unmerged } from '../ingress/index.ts';
import type { Log } from '../log/port.ts';
import type { PrometheusTelemetry } from '../ops/telemetry.ts';
import type { Quarantine } from '../quarantine/port.ts';
import type { Registry } from '../schema/port.ts';
import type { State } from '../state/port.ts';

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
  /** Takes quarantined input in again, by the entry point that refused it (`mllp`); filled as entry points start. */
  readonly resubmit?: Readonly<Record<string, (body: Buffer, peer: string) => Promise<Resubmitted>>>;
  /** What is not ready; empty: all is. */
  readonly ready: () => Promise<readonly string[]>;
}

export interface Edge {
  readonly url: string;
  stop(): Promise<void>;
}
