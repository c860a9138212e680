/**
 * HL7 v2 on one core: messages a second that are read as ADT ingress reads them, how the cost grows with a message's size,
 * and how long a 16 MB ORU takes from its first byte to its acknowledgement over MLLP (embedded profile, a process of its
 * own). Rates are by CPU time, so that they hold on a machine that does something else as well.
 *
 *   node benchmarks/codec/hl7-parse.ts [--seconds 3] [--rounds 5] [--only read|ingress|everyField|encode] [--no-mllp] [--json]
 */
import { execFileSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import {
  adtEvents,
  atOnce,
  contentDigest,
  encode,
  type Message,
  parse,
  readAdt,
  validateCharset,
  validateHeader,
} from '../../src/hl7/index.ts';
import { createMllpClient } from '../../src/sandbox/mllp-client.ts';
import { settled } from '../../test/fault/support/oracle.ts';
import { site } from '../../test/fault/support/site.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '3' },
    only: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    'no-mllp': { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const seconds = Number(values.seconds);
const rounds = Number(values.rounds);

/** An ADT^A01 as hospitals send it: PID, PD1, NK1, PV1, PV2, AL1, DG1; about 1 KB. */
const adt = (n: number): Buffer =>
  Buffer.from(
    [
      `MSH|^~\\&|ADT|GENHOSP^1.2.3^ISO|AORTA|HUB|20260501100000.123+0200||ADT^A01^ADT_A01|MSG${n}|P|2.5.1|||AL|NE||UNICODE UTF-8`,
      'EVN|A01|20260501095900+0200|||U123^Muster^Eva^^^^^^GENHOSP^L',
      `PID|1||${100_000 + n}^^^GENHOSP^MR~756.1234.5678.97^^^CHE^SS||Müller^Zoë^Anna^^Frau^^L~Meier^Zoë^^^^^M||19790305|F|||Lindenweg 7^^Bern^BE^3007^CHE^H||^PRN^PH^^41^31^5550101~^NET^Internet^zoe@example.org|||M|CAT|A${n}^^^GENHOSP^AN|||||Bern|N|1|CH`,
      'PD1||||D77^Hausarzt^Peter^^^Dr.^^^GENHOSP^L',
      'NK1|1|Müller^Urs^^^^^L|SPO|Lindenweg 7^^Bern^BE^3007^CHE^H|^PRN^PH^^41^31^5550102',
      `PV1|1|I|4W^401^A^GENHOSP^^^H^4|R|||D11^Arzt^Anna^^^Dr.^^^GENHOSP^L|D12^Zweit^Bruno^^^^^^GENHOSP^L||MED||||1|||D11^Arzt^Anna^^^Dr.^^^GENHOSP^L|IN|V${n}^^^GENHOSP^VN|||||||||||||||||||||||||20260501100000+0200`,
      'PV2|||Brustschmerz \\T\\ Atemnot|||||20260501|20260505|4',
      'AL1|1|DA|70618^Penicillin^SCT|SV|Urtikaria',
      'DG1|1||I20.9^Angina pectoris^I10||20260501|A',
      '',
    ].join('\r'),
  );
const oru = (controlId: string, size: number): Buffer => {
  const head = [
    `MSH|^~\\&|LAB|GENHOSP|AORTA|HUB|20260501110000+0200||ORU^R01^ORU_R01|${controlId}|P|2.5.1||||||UNICODE UTF-8`,
    'PID|1||100001^^^GENHOSP^MR||Müller^Zoë',
    'OBR|1|O1|F1|11502-2^Laboratory report^LN|||20260501100000+0200|||||||||||||||20260501110000+0200||LAB|F',
    'OBX|1|ED|11502-2^Laboratory report^LN||^application^pdf^Base64^',
  ].join('\r');
  return Buffer.concat([Buffer.from(head), Buffer.alloc(size - head.length - 12, 'QUJD'), Buffer.from('||||||F\r')]);
};

/** CPU seconds of this thread. */
const cpu = (): number => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1e6;
};

const rules = { events: adtEvents, zone: 'UTC' };
/** Every field of every segment, decoded. */
const readAll = (message: Message): number => {
  let length = 0;
  for (const segment of message.segments()) for (let n = 1; n <= segment.length; n++) length += segment.field(n).text?.length ?? 0;
  return length;
};

const messages = Array.from({ length: 1_000 }, (_, n) => adt(n));
const works: Readonly<Record<string, (bytes: Buffer) => void>> = {
  // What decides about a message: MSH, the event, the identifiers, all dates.
  read: (bytes) => {
    const message = parse(bytes);
    if (validateHeader(message).length + readAdt(message, rules).findings.length > 0) throw new Error('the message is refused');
  },
  // All that ingress does before the durable append.
  ingress: (bytes) => {
    const message = parse(bytes);
    const wrong = validateHeader(message).length + atOnce(validateCharset(message)).length + readAdt(message, rules).findings.length;
    if (wrong > 0 || atOnce(contentDigest(message)).length !== 64) throw new Error('the message is refused');
  },
  everyField: (bytes) => void readAll(parse(bytes)),
  encode: (bytes) => void encode(parse(bytes)),
};

function rateOf(work: (bytes: Buffer) => void): number {
  for (let n = 0; n < 20_000; n++) work(messages[n % messages.length] as Buffer);
  const rates: number[] = [];
  for (let round = 0; round < rounds; round++) {
    let count = 0;
    const begun = cpu();
    while (cpu() - begun < seconds / rounds) {
      for (const bytes of messages) work(bytes);
      count += messages.length;
    }
    rates.push(count / (cpu() - begun));
  }
  return Math.round(rates.sort((a, b) => a - b)[Math.floor(rounds / 2)] ?? 0);
}

/** How cost grows from 1 KB to 1 MB: 0 does not, 1 in proportion, 2 with the square. */
function growthOf(work: (bytes: Buffer) => void, make: (size: number) => Buffer): number {
  const cost = (size: number): number => {
    const bytes = make(size);
    const times = Math.ceil(16_777_216 / size);
    let best = Number.POSITIVE_INFINITY;
    for (let round = 0; round < 3; round++) {
      const begun = cpu();
      for (let n = 0; n < times; n++) work(bytes);
      best = Math.min(best, (cpu() - begun) / times);
    }
    return best;
  };
  cost(65_536);
  return Math.round((Math.log(cost(1_048_576) / cost(1_024)) / Math.log(1_024)) * 100) / 100;
}

/** ADT with as many OBX segments as the size asks for. */
const manySegments = (size: number): Buffer => {
  const base = adt(1);
  const obx = 'OBX|1|NM|8867-4^Heart rate^LN||72|/min^^UCUM|60-100|N|||F|||20260501100000+0200\r';
  return Buffer.concat([
    base.subarray(0, Math.min(base.length, size)),
    Buffer.from(obx.repeat(Math.max(0, Math.ceil((size - base.length) / obx.length)))),
  ]);
};

const figures: Record<string, number> = { messageBytes: messages[0]?.length ?? 0 };
for (const [name, work] of Object.entries(works)) if (!values.only || values.only === name) figures[`${name}PerSecond`] = rateOf(work);
for (const name of ['ingress', 'everyField', 'encode'] as const) {
  if (values.only && values.only !== name) continue;
  const work = works[name];
  if (work)
    figures[`${name}Growth`] = growthOf(name === 'ingress' ? (bytes) => void atOnce(contentDigest(parse(bytes))) : work, manySegments);
}

if (!values['no-mllp']) {
  const here = await site('embedded');
  try {
    const product = await here.worker();
    const client = createMllpClient({ host: '127.0.0.1', port: product.mllpPort, timeoutMs: 60_000 });
    const times: number[] = [];
    const cpus: number[] = [];
    for (let n = -1; n < rounds; n++) {
      const bytes = oru(`ORU${n}`, 16 * 1024 * 1024);
      const [begun, before] = [performance.now(), cpuSeconds(product.pid)];
      const { code } = await client.send(bytes);
      if (code !== 'AA') throw new Error(`answered ${code}`);
      // The first one is there for the compiler.
      const took = performance.now() - begun;
      if (n < 0) {
        await settled([product]);
        continue;
      }
      times.push(took);
      cpus.push(cpuSeconds(product.pid) - before);
      // The flow's own work on this message is not part of the next one's time.
      await settled([product]);
    }
    await client.close();
    figures['oru16MbMedianMs'] = Math.round(median(times));
    figures['oru16MbWorstMs'] = Math.round(Math.max(...times));
    figures['oru16MbCpuMs'] = Math.round(median(cpus) * 1_000);
  } finally {
    await here.close();
  }
}
if (!values.json)
  for (const [name, value] of Object.entries(figures)) process.stdout.write(`${name.padEnd(22)} ${value.toLocaleString('en')}\n`);
process.stdout.write(`${JSON.stringify({ workload: 'hl7-parse', figures })}\n`);

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
}

/** User and system time of the process, all its threads. */
function cpuSeconds(pid: number): number {
  const stat = execFileSync('cat', [`/proc/${pid}/stat`]).toString();
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
