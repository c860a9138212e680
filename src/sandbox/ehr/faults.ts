import type { Random } from '../../clock/clock.ts';

export const faultKinds = [
  'hang',
  'latency',
  'status',
  'truncate',
  'reset',
  'invalid-json',
  'expired-token',
  'lost-answer',
  'duplicate',
] as const;
export type FaultKind = (typeof faultKinds)[number];

export interface Fault {
  /** Path, with `*` for anything: `/fhir/*`. */
  readonly route: string;
  readonly kind: FaultKind;
  /** Milliseconds of a latency. */
  readonly ms?: number;
  /** Of a `status` fault. @default 503 */
  readonly status?: number;
  /** Its Retry-After header. */
  readonly retryAfter?: string;
  /** Share of requests that meet it. @default 1 */
  readonly rate?: number;
}

export interface Faults {
  add(fault: Fault): void;
  clear(): void;
  list(): readonly Fault[];
  /** The fault that this request meets, if any: of several, the one that was added last. */
  meet(path: string): Fault | undefined;
}

export function createFaults(random: Random): Faults {
  let faults: readonly { readonly fault: Fault; readonly matches: RegExp }[] = [];
  return {
    add(fault) {
      const pattern = fault.route.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
      faults = [{ fault, matches: new RegExp(`^${pattern.join('.*')}$`) }, ...faults];
    },
    clear() {
      faults = [];
    },
    list: () => faults.map(({ fault }) => fault),
    meet: (path) => faults.find(({ fault, matches }) => matches.test(path) && random.next() < (fault.rate ?? 1))?.fault,
  };
}
