import type { Hl7Adt } from '../../../schemas/generated/hl7-adt.ts';
import { systemClock, systemRandom } from '../../../src/clock/system.ts';
import { type Admission, createAdmission } from '../../../src/ingress/admission.ts';
import { type MllpListener, type MllpOptions, startMllp } from '../../../src/ingress/mllp/listener.ts';
import { type CountingTelemetry, countingTelemetry, embedded, type Parts } from '../parts.ts';

/** MLLP ingress on the embedded profile, with its stores. */
export interface Site {
  readonly parts: Parts;
  readonly admission: Admission;
  readonly telemetry: CountingTelemetry;
  listen(changes?: Partial<MllpOptions>): Promise<MllpListener>;
  /** Control ids of the records, in their order. */
  stored(prefix: string): Promise<string[]>;
  /** Codes of what is in quarantine, newest first. */
  quarantined(count: number): Promise<string[]>;
  close(): Promise<void>;
}

export async function site(name: string): Promise<Site> {
  const parts = await embedded(1);
  const telemetry = countingTelemetry();
  const admission = createAdmission({ ...parts, clock: systemClock, random: systemRandom, telemetry, instance: name });
  await admission.start();
  const open: MllpListener[] = [];
  return {
    parts,
    admission,
    telemetry,
    async listen(changes = {}) {
      const { serde, quarantine } = parts;
      const base = { host: '127.0.0.1', port: 0, admission, serde, quarantine, telemetry, clock: systemClock, random: systemRandom };
      const listener = await startMllp({ ...base, ...changes });
      open.push(listener);
      return listener;
    },
    async stored(prefix) {
      const read = (value: Buffer | null | undefined): Hl7Adt | Promise<Hl7Adt> => parts.serde.deserialize(value ?? Buffer.alloc(0));
      const values = await Promise.all((await parts.records()).map((record) => read(record.value)));
      return values.map((value) => value.controlId).filter((id) => id.startsWith(prefix));
    },
    quarantined: async (count) => (await parts.quarantine.list(count)).map((entry) => entry.code),
    async close() {
      for (const listener of open) await listener.stop({ drainMs: 1_000 });
      await admission.stop();
      await parts.close();
    },
  };
}
