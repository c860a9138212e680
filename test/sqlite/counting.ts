import { silentTelemetry, type Telemetry } from '../../src/telemetry/port.ts';

/** Telemetry whose counters can be read by name. */
export function countingTelemetry(): Telemetry & { count(name: string): number } {
  const counts = new Map<string, number>();
  return {
    ...silentTelemetry,
    counter: (name) => ({ inc: (by = 1) => void counts.set(name, (counts.get(name) ?? 0) + by) }),
    count: (name) => counts.get(name) ?? 0,
  };
}
