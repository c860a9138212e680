/**
 * MLLP ingress as a process of its own, that may kill itself (SIGKILL) at a chosen point:
 * `node killed-process.ts sqlite <dir> | services <schema> <topic>` with KILL_AT=<point>:<n>, where the n-th transaction
 * of identity (`admit`) or append (`append`) is the last thing done. Prints its port.
 */
import { systemClock, systemRandom } from '../../../src/clock/system.ts';
import { createAdmission } from '../../../src/ingress/admission.ts';
import { startMllp } from '../../../src/ingress/mllp/listener.ts';
import { silentTelemetry } from '../../../src/telemetry/port.ts';
import { embedded, servicesAt } from '../parts.ts';

const [profile, where = '', topic = ''] = process.argv.slice(2);
const [point, count] = (process.env['KILL_AT'] ?? 'never:0').split(':');
const parts = profile === 'sqlite' ? await embedded(3, where) : await servicesAt(where, topic);
const base = { clock: systemClock, random: systemRandom, telemetry: silentTelemetry };

let left = Number(count);
async function lastThing<T>(at: string, work: Promise<T>): Promise<T> {
  const result = await work;
  if (at === point && --left === 0) process.kill(process.pid, 'SIGKILL');
  return result;
}
const admission = createAdmission({
  ...base,
  blob: parts.blob,
  identity: { ...parts.identity, admit: (...args) => lastThing('admit', parts.identity.admit(...args)) },
  log: new Proxy(parts.log, {
    get(log, property) {
      if (property === 'append') return (records: Parameters<typeof log.append>[0]) => lastThing('append', log.append(records));
      const value = Reflect.get(log, property);
      return typeof value === 'function' ? value.bind(log) : value;
    },
  }),
  instance: 'killed',
});
await admission.start();
const mllp = await startMllp({
  ...base,
  host: '127.0.0.1',
  port: 0,
  admission,
  serde: parts.serde,
  quarantine: parts.quarantine,
  adtTopic: parts.topic,
});
process.stdout.write(`${mllp.address.port}\n`);
process.on('SIGTERM', async () => {
  await mllp.stop();
  await admission.stop();
  await parts.close();
});
