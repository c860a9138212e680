import { systemClock, systemRandom } from '../../src/clock/system.ts';
import { startEdge } from '../../src/edge/index.ts';
import type { EdgeOptions } from '../../src/edge/options.ts';
import type { AuditEvent } from '../../src/governance/audit/port.ts';
import { prometheusTelemetry } from '../../src/ops/telemetry.ts';

const unused = (): never => {
  throw new Error('not part of this test');
};

export interface TestEdge {
  readonly url: string;
  readonly audited: AuditEvent[];
  stop(): Promise<void>;
}

/** What an edge ends with: a test, or whoever calls its `stop`. */
export interface Scope {
  after(end: () => Promise<void>): void;
}
export const byHand: Scope = { after() {} };

/** An edge alone: what is not given is not there. Its audit chain is a list. */
export async function openEdge(scope: Scope, given: Partial<EdgeOptions> = {}): Promise<TestEdge> {
  const audited: AuditEvent[] = [];
  const edge = await startEdge({
    host: '127.0.0.1',
    port: 0,
    profile: 'embedded',
    flows: [],
    state: { query: unused } as never,
    quarantine: { kind: 'sqlite', count: async () => 0, list: async () => [] } as never,
    audit: { append: async (event) => void audited.push(event), verify: unused, close: async () => {} },
    canonical: {
      readResource: async () => undefined,
      search: async () => ({ resources: [] }),
      identified: async () => [],
      timeline: async () => undefined,
      wards: async () => [],
    },
    telemetry: prometheusTelemetry({ level: 'silent' }),
    clock: systemClock,
    random: systemRandom,
    ready: async () => [],
    ...given,
  } as EdgeOptions);
  scope.after(() => edge.stop());
  return { url: edge.url, audited, stop: () => edge.stop() };
}
