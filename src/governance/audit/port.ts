/** Port **Audit**: who did what to whose data, in a chain that shows tampering (45 CFR 164.312(b), (c)). */
export interface AuditEvent {
  readonly at: number;
  /** Subject id of the actor; never a shared account. */
  readonly actor: string;
  /** `read`, `export`, `write`, `delete`, `denied`, `redrive`, `discard`, `config`, … */
  readonly action: string;
  /** Route template, table, flow. */
  readonly target: string;
  readonly patientId?: string;
  readonly outcome: 'success' | 'denied' | 'failure';
  readonly details?: Readonly<Record<string, string | number | boolean>>;
}

export interface AuditVerdict {
  readonly intact: boolean;
  readonly records: number;
  /** First sequence number that does not fit, when broken. */
  readonly brokenAt?: number;
  readonly problem?: string;
}

export interface Audit {
  /**
   * Durable when resolved; chained in order of calls. `withinMs`: it may wait so long for others, to be written with them,
   * or until `hurry`. @default 0
   */
  append(event: AuditEvent, withinMs?: number): Promise<void>;
  /** Somebody waits: what was appended is written now. */
  hurry?(): void;
  verify(): Promise<AuditVerdict>;
  close(): Promise<void>;
}
