import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  createSources,
  type FieldRule,
  interpret,
  parse,
  problemsOfSources,
  type SourceProfile,
  type Sources,
} from '../../../src/hl7/index.ts';
import marien from '../../sources/marien.ts';

const sourcesOf = (profile: Partial<SourceProfile>): Sources =>
  createSources([
    {
      file: 'sources/x.ts',
      versions: [{ name: 'x', version: 1, sender: { application: '*', facility: '*' }, ...profile } as SourceProfile],
    },
  ]);
const lines = (...segments: readonly string[]) =>
  Buffer.from(`${['MSH|^~\\&|APP|FAC|A|B|20260101||ADT^A08|1|P|2.5', ...segments].join('\r')}\r`, 'latin1');
const read = (profile: Partial<SourceProfile>, bytes: Buffer) => {
  const sources = sourcesOf(profile);
  const message = parse(bytes, sources.parsing);
  return interpret(message, sources.of(message));
};
/** What is read, without MSH; CR as line ends for people. */
const rest = (profile: Partial<SourceProfile>, ...segments: readonly string[]) =>
  read(profile, lines(...segments))
    .message.reading.bytes.toString('latin1')
    .trim()
    .split('\r')
    .slice(1);

describe('A profile', () => {
  it('leaves what was received as it is, and what no rule touches byte for byte', () => {
    const bytes = lines('PID|1||7^^^H~8||DOE^J\\Zx\\|', 'no segment', 'PV1|1|I');
    const { message } = read({ fields: [{ copy: 'PID-3[2].1', to: 'PV1-19' }] }, bytes);
    assert.equal(message.original, bytes);
    assert.equal(message.reading.bytes.toString('latin1'), bytes.toString('latin1').replace('PV1|1|I', `PV1|1|I${'|'.repeat(17)}8`));
    const untouched = parse(bytes);
    assert.equal(interpret(untouched, undefined).message, untouched);
    assert.equal(read({ fields: [{ copy: 'ZZ1-1', to: 'PV1-19' }] }, bytes).message.reading.bytes, bytes);
  });

  it('copies and moves fields with their structure; an empty source says nothing, `""` does', () => {
    const rules: FieldRule[] = [
      { copy: 'PV1-50', to: 'PV1-19' },
      { move: 'PV2-3.2', to: 'PV1-10' },
    ];
    const pv1 = (visit: string, alternate: string, service = '') =>
      `PV1|1|I${'|'.repeat(8)}${service}${'|'.repeat(9)}${visit}${'|'.repeat(31)}${alternate}`;
    assert.deepEqual(rest({ fields: rules }, pv1('V1', 'F7^^^CASES'), 'PV2|||^x'), [pv1('F7^^^CASES', 'F7^^^CASES', 'x'), 'PV2|||^']);
    assert.deepEqual(rest({ fields: rules }, pv1('V1', '^^')), [pv1('V1', '^^')]);
    assert.deepEqual(rest({ fields: rules }, pv1('V1', '""')), [pv1('""', '""')]);
    assert.deepEqual(rest({ fields: [{ copy: 'PV1-50', to: 'PV1-19', onlyIfEmpty: true }] }, pv1('V1', 'F7')), [pv1('V1', 'F7')]);
    assert.deepEqual(rest({ fields: [{ move: 'PV1-50', to: 'PV1-19', onlyIfEmpty: true }] }, pv1('', 'F7')), [pv1('F7', '')]);
  });

  it('does the same in every segment of a name, or in the one that is numbered', () => {
    const obx = ['OBX|1|NM|||5', 'OBX|2|NM|||6', 'OBX|3|NM|||'];
    assert.deepEqual(rest({ fields: [{ copy: 'OBX-5', to: 'OBX-6' }] }, ...obx), ['OBX|1|NM|||5|5', 'OBX|2|NM|||6|6', 'OBX|3|NM|||']);
    assert.deepEqual(rest({ fields: [{ copy: 'OBX[2]-5', to: 'OBX[2]-6' }] }, ...obx), [obx[0], 'OBX|2|NM|||6|6', obx[2]]);
    assert.deepEqual(rest({ fields: [{ default: 'OBX-5', value: '0' }] }, ...obx), [obx[0], obx[1], 'OBX|3|NM|||0']);
    assert.deepEqual(rest({ fields: [{ default: 'OBX[1]-11', value: 'F' }] }, ...obx), ['OBX|1|NM|||5||||||F', obx[1], obx[2]]);
  });

  it('keeps a line feed inside a value as text, where behind it a segment would begin', () => {
    const bytes = Buffer.from('MSH|^~\\&|APP|FAC|||||ADT^A08|1|P|2.5\rPID|1||a\nPV1^x|||||\rPV1|1|I\r');
    const { message } = read({ fields: [{ copy: 'PID-3.1', to: 'PID-5' }] }, bytes);
    assert.deepEqual(
      [...message.segments()].map(({ name }) => name),
      ['MSH', 'PID', 'PV1'],
    );
    assert.equal(message.text('PID-5'), 'a\nPV1');
    assert.equal(message.text('PV1-2'), 'I');
  });

  it('fills what the sender leaves empty, in its own delimiters, and only that', () => {
    assert.deepEqual(rest({ fields: [{ default: 'PV1-2', value: 'A|B^C' }] }, 'PV1|1|'), ['PV1|1|A\\F\\B\\S\\C']);
    assert.deepEqual(rest({ fields: [{ default: 'PV1-2', value: 'I' }] }, 'PV1|1|""'), ['PV1|1|""']);
    assert.deepEqual(rest({ fields: [{ default: 'PV1-2', value: 'I' }] }, 'PID|1'), ['PID|1']);
    assert.equal(
      read({ fields: [{ default: 'MSH-12', value: '2.3' }] }, Buffer.from('MSH|^~\\&|A|B|||||ADT^A01|1|P\r')).message.text('MSH-12'),
      '2.3',
    );
  });

  it('gives namespaces the systems that the sender has for them, in CX, XCN and EI, and numbers without one the facility’s', () => {
    const authorities = { MRN: 'urn:oid:1.2.3', DOC: 'https://doc.example/a&b', FAC: 'urn:uuid:AB-CD' };
    assert.deepEqual(
      rest(
        { authorities },
        'PID|1||7^^^MRN^MR~8~9^^^OTHER~10^^^MRN&9.9&ISO~""',
        `PV1|1|I${'|'.repeat(5)}5^Doc${'^'.repeat(7)}DOC`,
        'ORC||77^MRN|78',
      ),
      [
        'PID|1||7^^^MRN&1.2.3&ISO^MR~8^^^FAC&AB-CD&UUID~9^^^OTHER~10^^^MRN&9.9&ISO~""',
        `PV1|1|I${'|'.repeat(5)}5^Doc${'^'.repeat(7)}DOC&https://doc.example/a\\T\\b&URI`,
        'ORC||77^MRN^1.2.3^ISO|78^FAC^AB-CD^UUID',
      ],
    );
    const bare = Buffer.from('MSH|^~|APP|FAC|||||ADT^A01|1|P|2.5\rPID|1||7^^^MRN\r');
    assert.equal(read({ authorities }, bare).message.reading.bytes, bare);
  });

  it('reads identifier types as others, also where there is none', () => {
    assert.deepEqual(rest({ identifierTypes: { PI: 'MR', '': 'MR' } }, 'PID|1||7^^^H^PI~8~9^^^H^SS~^^^H^PI', 'MRG|6^^^H^PI'), [
      'PID|1||7^^^H^MR~8^^^^MR~9^^^H^SS~^^^H^PI',
      'MRG|6^^^H^MR',
    ]);
  });

  it('takes an event as another, skips or refuses it, under a condition or always; the first rule that holds counts', () => {
    const events: SourceProfile['events'] = {
      A08: [
        { as: 'A02', when: { path: 'PV1-6', is: 'valued' } },
        { skip: 'no-visit', when: { path: 'PV1-2', is: 'empty' } },
        { refuse: 'outpatient', when: { path: 'PV1-2', in: ['O', 'E'] } },
      ],
    };
    const outcome = (pv1: string) => {
      const { message, skip, findings } = read({ events }, lines(pv1));
      return [message.text('MSH-9.2'), skip, ...findings.map(({ code, ack }) => `${ack} ${code}`)];
    };
    assert.deepEqual(outcome('PV1|1|I|B|||A'), ['A02', undefined]);
    assert.deepEqual(outcome('PV1|1|'), ['A08', 'no-visit']);
    assert.deepEqual(outcome('PV1|1|E'), ['A08', undefined, 'AR AORTA_PROFILE_003']);
    assert.deepEqual(outcome('PV1|1|I'), ['A08', undefined]);
    assert.deepEqual(outcome('PV1|1|""'), ['A08', undefined]);
  });

  it('names what Z-segments say, and those that it does not know', () => {
    const { message } = read({}, lines());
    const segments: SourceProfile['segments'] = {
      ZIN: {
        extensions: [
          { from: 'ZIN-2', of: 'Patient', url: 'urn:x:class', type: 'code' },
          { from: 'ZIN-3', of: 'Patient', url: 'urn:x:note', type: 'string' },
          { from: 'ZIN-4.2', of: 'Encounter', url: 'urn:x:since', type: 'dateTime' },
        ],
      },
      ZOK: {},
    };
    const reading = read({ segments }, lines('ZIN|1|2^PRIVATE|""|^20260101', 'ZOK|1', 'ZZ1|1', 'ZZ1|2', 'ZA2|1'));
    assert.deepEqual(reading.extensions(), [
      { of: 'Patient', url: 'urn:x:class', type: 'code', text: '2' },
      { of: 'Patient', url: 'urn:x:note', type: 'string', text: null },
      { of: 'Encounter', url: 'urn:x:since', type: 'dateTime', text: '20260101' },
    ]);
    assert.deepEqual(reading.unknownSegments(), ['ZZ1', 'ZA2']);
    assert.deepEqual(read({ segments }, lines('ZIN|1|')).extensions(), []);
    assert.deepEqual(interpret(message, undefined).extensions(), []);
    assert.deepEqual(interpret(parse(lines('ZOK|1')), undefined).unknownSegments(), ['ZOK']);
  });

  it('decides on the charset before the message is read: a default for MSH-18 left empty, an override whatever it says', () => {
    const named = (profile: Partial<SourceProfile>, charset: string) =>
      read(profile, Buffer.from(`MSH|^~\\&|A|B|C|D|||ADT^A01|1|P|2.5||||||${charset}\rPID|1||7||M\x96ller\r`, 'latin1')).message;
    assert.equal(named({ charset: { default: 'WINDOWS-1252' } }, '').text('PID-5'), 'M–ller');
    assert.equal(named({ charset: { default: 'WINDOWS-1252' } }, '8859/1').charset.name, 'ISO-8859-1');
    const overridden = named({ charset: { override: 'WINDOWS-1252' } }, 'NONSENSE');
    assert.equal(overridden.text('PID-5'), 'M–ller');
    assert.equal(overridden.charsetUnknown, false);
    const big5 = read(
      { charset: { override: 'BIG-5' } },
      Buffer.concat([lines('PID|1||7'), Buffer.from('PV1|'), Buffer.from([0xa5, 0x5c]), Buffer.from('|I\r')]),
    );
    assert.equal(big5.message.text('PV1-1'), '功');
    assert.equal(big5.message.text('PV1-2'), 'I');
  });

  it('of a real site reads its samples as they are meant', () => {
    const sources = createSources([{ file: 'sources/marien.ts', versions: [marien] }]);
    const bytes = readFileSync(join(import.meta.dirname, '../../sources/marien/transfer-as-update.hl7'));
    const received = parse(bytes, sources.parsing);
    const { message, zone, profile } = interpret(received, sources.of(received));
    assert.deepEqual([zone, profile, message.text('MSH-9.2'), message.text('PV1-19.1')], ['Europe/Vienna', 'marien@2', 'A02', 'F-77001']);
    assert.equal(received.text('MSH-9.2'), 'A08');
  });
});

describe('Any profile on any message', () => {
  const path = fc
    .tuple(
      fc.constantFrom('PID', 'PV1', 'OBX', 'MRG', 'ORC', 'ZZ1', 'MSH', 'OBX[2]', 'FHS'),
      fc.integer({ min: 1, max: 9 }),
      fc.constantFrom('', '[1]', '[2]'),
      fc.constantFrom('', '.1', '.4', '.4.2', '.5'),
    )
    .map(([segment, field, repetition, part]) => `${segment}-${field}${repetition}${part}` as const);
  const value = fc.string({ unit: fc.constantFrom(...'MRI|^~&\\#@ 1x'), minLength: 1, maxLength: 4 });
  const rule = fc.oneof(
    fc.record({ copy: path, to: path, onlyIfEmpty: fc.boolean() }),
    fc.record({ move: path, to: path, onlyIfEmpty: fc.boolean() }),
    fc.record({ default: path, value }),
  );
  const system = fc.constantFrom('urn:oid:1.2.3', 'https://x.example/a&b^c', 'urn:uuid:1-2');
  const profile = fc.record({
    fields: fc.array(rule, { maxLength: 4 }),
    authorities: fc.dictionary(fc.constantFrom('H', 'MR', 'FAC', 'ISO'), system),
    identifierTypes: fc.dictionary(fc.constantFrom('', 'PI', 'H'), fc.constantFrom('MR', 'AN')),
    events: fc.constantFrom(
      { A08: { as: 'A02' } },
      { A08: [{ as: 'A02', when: { path: 'PV1-2', is: 'valued' } }, { skip: 'other' }] },
      { A01: { as: 'A04', when: { path: 'PID-3', in: ['7'] } } },
      {},
    ),
    charset: fc.constantFrom({ default: 'UTF-8' }, { override: 'WINDOWS-1252' }, { override: 'BIG-5' }, { override: 'ISO IR87' }),
    segments: fc.constant({ ZZ1: { extensions: [{ from: 'ZZ1-2', of: 'Patient', url: 'urn:x:y', type: 'code' }] } }),
  });
  const marks = fc.shuffledSubarray([...'|^~\\&#!$%*+:;=?@[]{}<>,'], { minLength: 2, maxLength: 6 });
  const segment = fc.tuple(
    fc.constantFrom('PID', 'PV1', 'OBX', 'MRG', 'ORC', 'ZZ1', 'FHS', 'ZZ2', 'x'),
    fc.array(
      fc.oneof(
        { weight: 4, arbitrary: fc.constantFrom('0', '1', '2', '7', 'H', 'PI', 'MR', '""', '\n', '\nPV1', ' ', '\\', '', '') },
        fc.string({ maxLength: 3 }),
      ),
      { maxLength: 24 },
    ),
  );
  const message = fc
    .tuple(
      marks,
      fc.constantFrom('A08', 'A01', ''),
      fc.constantFrom('', '8859/1', 'UNICODE UTF-8', 'BIG-5', 'NONSENSE'),
      fc.array(segment, { maxLength: 7 }),
      fc.array(fc.nat({ max: 5 }), { minLength: 24, maxLength: 24 }),
    )
    .map(([mark, event, charset, segments, joins]) => {
      const f = mark[0] ?? '|';
      const head = [
        'MSH',
        mark.slice(1).join(''),
        'APP',
        'FAC',
        '',
        '',
        '',
        '',
        `ADT${mark[1]}${event}`,
        '1',
        'P',
        '2.5',
        '',
        '',
        '',
        '',
        '',
        charset,
      ].join(f);
      // Every delimiter between any two values.
      const line = ([name, parts]: [string, string[]]) =>
        name + parts.map((part, n) => `${mark[(joins[n] ?? 0) % mark.length] ?? f}${part}`).join('');
      return Buffer.from(`${[head, ...segments.map((each) => line(each as [string, string[]]))].join('\r')}\r`);
    });

  it('never throws, and applied again changes nothing', () => {
    let [applied, changed] = [0, 0];
    fc.assert(
      fc.property(profile, message, (given, bytes) => {
        const whole = { name: 'x', version: 1, sender: { application: '*', facility: '*' }, ...given } as SourceProfile;
        if (problemsOfSources([{ file: 'x', versions: [whole] }]).length > 0) return;
        const sources = sourcesOf(whole);
        const received = parse(bytes, sources.parsing);
        const source = sources.of(received);
        const once = interpret(received, source);
        const twice = interpret(once.message, source);
        assert.equal(twice.message.reading.bytes.toString('latin1'), once.message.reading.bytes.toString('latin1'));
        assert.deepEqual(
          [twice.skip, twice.findings, twice.extensions(), twice.unknownSegments()],
          [once.skip, once.findings, once.extensions(), once.unknownSegments()],
        );
        assert.equal(once.message.original, bytes);
        // Segments are as many as before, each of the same name.
        assert.deepEqual(
          [...once.message.segments()].map(({ name }) => name),
          [...received.segments()].map(({ name }) => name),
        );
        applied++;
        if (once.message !== received) changed++;
      }),
      { numRuns: 6_000 },
    );
    assert.ok(applied > 1_500 && changed > 600, `${applied} valid profiles, ${changed} that change something`);
  });

  it('never throws past the limit of segments either: what it cannot apply whole is refused', () => {
    const many = Buffer.concat([lines(), Buffer.from('NTE|1\r'.repeat(30)), Buffer.from('PV1|1\r')]);
    const source = sourcesOf({
      fields: [{ default: 'PV1-2', value: 'I' }],
      segments: { ZIN: { extensions: [{ from: 'ZIN-1', of: 'Patient', url: 'urn:x:y', type: 'code' }] } },
    });
    const received = parse(many, { maxSegments: 10 });
    const reading = interpret(received, source.of(received));
    assert.equal(reading.message, received);
    assert.deepEqual(
      reading.findings.map(({ code, ack }) => [code, ack]),
      [['AORTA_HL7_013', 'AR']],
    );
    assert.deepEqual([reading.extensions(), reading.unknownSegments()], [[], []]);
    assert.throws(() => received.segment('PV1'), { code: 'AORTA_HL7_013' });
  });
});
