import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AortaError } from '../../src/errors/index.ts';
import {
  ackRequest,
  atOnce,
  batchFile,
  batchParts,
  buildAck,
  contentDigest,
  identifiersOf,
  instantOf,
  mayBeBatch,
  parse,
  parseTimestamp,
  salvage,
  typeOf,
  validateCharset,
  validateHeader,
} from '../../src/hl7/index.ts';
import { grownSince } from '../support/memory.ts';

const seeds = [
  'MSH|^~\\&|ADT|HOSP|AORTA|LAB|20250101120000||ADT^A01|C1|P|2.5||||||UNICODE UTF-8\rEVN|A01|20250101120000\rPID|1||M1^^^HOSP^MR~N2^^^&1.2.3&ISO||DOE^JANE||19700101|F\rPV1|1|I|ICU^R1^B1\r',
  'MSH|^~\\&#|LAB|HOSP|||20250101||ORU^R01^ORU_R01|C2|P|2.5.1|||AL|ER\rPID|1||M1\rOBR|1|P1|F1|GLU^Glucose^LN\rOBX|1|NM|GLU^Glucose^LN||5.4|mmol/L|3-6|N|||F\rNTE|1||a\\.br\\b\\X41\\\\T\\\r',
  'FHS|^~\\&|A|B\rBHS|^~\\&|A|B\rMSH|^~\\&|A|B|||20250101||ADT^A08|C3|P|2.3\rPID|1||M1\rBTS|1\rFTS|1\r',
  'MSH|^~\\&|A|B|C|D|20250101||ADT^A40|C4|P|2.5||||||ISO IR87\rPID|1||M1^^^H\rMRG|M2^^^H\r',
].map((text) => Buffer.from(text));

/** What breaks parsers of this format: delimiters, escapes, shifts of character sets, segment ends, names. */
const bits = [
  ...[
    '|',
    '^',
    '~',
    '\\',
    '&',
    '\r',
    '\n',
    '\r\n',
    '\r\rMSH',
    '\rMSH|',
    'MSH|^~\\&',
    '\rBHS|',
    '\rFTS|',
    '\\X',
    '\\XFF\\',
    '\\.sp+9999999\\',
    '\\C2842\\',
    '\\H\\',
  ],
  ...[
    '\u000b',
    '\u001c\r',
    '\u001b$B',
    '\u001b(B',
    '\u0000',
    '\ufeff',
    '""',
    '20259999',
    '99999999999999999999',
    '&1.2.3&ISO',
    'é',
    '\\E\\'.repeat(50),
    '|'.repeat(3_000),
    '~'.repeat(3_000),
  ],
].map((text) => Buffer.from(text, 'utf8'));

const change = fc.oneof(
  fc.record({ kind: fc.constant('insert' as const), at: fc.nat(), what: fc.constantFrom(...bits) }),
  fc.record({ kind: fc.constant('cut' as const), at: fc.nat(), size: fc.nat(40) }),
  fc.record({ kind: fc.constant('byte' as const), at: fc.nat(), byte: fc.nat(255) }),
  fc.record({ kind: fc.constant('repeat' as const), at: fc.nat(), size: fc.nat(60), times: fc.integer({ min: 2, max: 200 }) }),
);
const hostile = fc.tuple(fc.constantFrom(...seeds), fc.array(change, { minLength: 1, maxLength: 6 })).map(([seed, changes]) =>
  changes.reduce((bytes, one) => {
    const at = one.at % (bytes.length + 1);
    const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at)];
    if (one.kind === 'insert') return Buffer.concat([head, one.what, tail]);
    if (one.kind === 'cut') return Buffer.concat([head, tail.subarray(one.size)]);
    if (one.kind === 'repeat') return Buffer.concat([head, ...Array.from({ length: one.times }, () => tail.subarray(0, one.size)), tail]);
    const copy = Buffer.from(bytes);
    if (at < copy.length) copy[at] = one.byte;
    return copy;
  }, seed),
);

/** Everything that ingress does with a frame before it is in the log. */
function readAll(bytes: Buffer): void {
  if (mayBeBatch(bytes)) {
    const parts = atOnce(batchParts(bytes, 1_000));
    if (parts) batchFile(parts);
  }
  salvage(bytes);
  const message = parse(bytes);
  typeOf(message);
  validateHeader(message);
  validateCharset(message);
  ackRequest(message);
  contentDigest(message);
  identifiersOf(message.field('PID', 3));
  for (const path of ['PID-5.1', 'PV1-3.1', 'OBX-5', 'MSH-18', 'NTE-3'] as const) message.text(path);
  const time = parseTimestamp(message.field('MSH', 7).text ?? '');
  if (time) instantOf(time, 'UTC');
  buildAck({ to: message, code: 'AA', controlId: 'X', at: 0, errors: [] });
}

test('hostile messages: read in bounds, refused with a code, never anything else thrown', async () => {
  let bytes = 0;
  const before = process.cpuUsage();
  const resident = process.memoryUsage.rss();
  let worst = 0;
  fc.assert(
    fc.property(hostile, (message) => {
      bytes += message.length;
      const cost = () => {
        const cpu = process.cpuUsage();
        try {
          readAll(message);
        } catch {
          // Looked at below.
        }
        const { user, system } = process.cpuUsage(cpu);
        return (user + system) / 1000;
      };
      let took = cost();
      // A collection of garbage may fall into one run, not into each of many.
      for (let again = 0; took > 50 && again < 12; again++) took = Math.min(took, cost());
      worst = Math.max(worst, took);
      try {
        readAll(message);
      } catch (thrown) {
        assert.ok(
          thrown instanceof AortaError,
          `${String((thrown as Error).stack)}\n${JSON.stringify(message.toString('latin1').slice(0, 500))}`,
        );
        assert.match(thrown.code, /^AORTA_HL7_/);
      }
    }),
    { numRuns: 3_000 },
  );
  const { user, system } = process.cpuUsage(before);
  const msPerMb = (user + system) / 1000 / (bytes / 1e6);
  // Many small messages: what each costs by itself is in this too. Quadratic work on one of them would be far above.
  assert.ok(worst <= 50, `one message took ${worst} ms of CPU time`);
  assert.ok(msPerMb < 20_000, `${msPerMb} ms of CPU time a megabyte`);
  assert.ok((await grownSince(resident, 256e6)) < 256e6);
});
