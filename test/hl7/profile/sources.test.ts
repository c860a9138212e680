import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createSources, defineSourceProfile, noSources, parse, problemsOfSources, type SourceProfile } from '../../../src/hl7/index.ts';
import { covers, meet } from '../../../src/hl7/profile/glob.ts';
import marien from '../../sources/marien.ts';

const profile = (name: string, application: string, facility: string, more: Partial<SourceProfile> = {}): SourceProfile =>
  defineSourceProfile({ name, version: 1, sender: { application, facility }, ...more });
const from = (...versions: readonly (SourceProfile | readonly SourceProfile[])[]) =>
  versions.map((each, n) => ({ file: `sources/${n}.ts`, versions: Array.isArray(each) ? each : [each as SourceProfile] }));
const header = (application: string, facility: string) =>
  parse(Buffer.from(`MSH|^~\\&|${application}|${facility}|A|B|||ADT^A01|1|P|2.5\r`, 'latin1'));

describe('The profile of a sender', () => {
  it('is the most specific one that matches MSH-3 and MSH-4', () => {
    const sources = createSources(
      from(
        profile('all', '*', '*'),
        profile('any-west', '*', 'WEST*'),
        profile('epic-west', 'EPIC', 'WEST*'),
        profile('west', 'EPIC', 'WEST'),
      ),
    );
    const named = (application: string, facility: string) => sources.of(header(application, facility))?.ref;
    assert.equal(named('EPIC', 'WEST'), 'west@1');
    assert.equal(named('EPIC^1.2.3^ISO', ' WEST '), 'west@1');
    assert.equal(named('EPIC', 'WEST-2'), 'epic-west@1');
    assert.equal(named('LAB', 'WEST-2'), 'any-west@1');
    assert.equal(named('epic', 'EAST'), 'all@1');
    assert.equal(named('', ''), 'all@1');
    assert.equal(named('K\xc4S', 'EAST'), 'all@1');
    assert.equal(createSources(from(profile('west', 'EPIC', 'WEST'))).of(header('EPIC', 'EAST')), undefined);
  });

  it('is never ambiguous: two that may match one message, and neither is more specific, are refused when they are loaded', () => {
    for (const [a, b] of [
      [
        ['EPIC', '*'],
        ['*', 'WEST'],
      ],
      [
        ['EP*', 'WEST'],
        ['*IC', 'WEST'],
      ],
      [
        ['EPIC', 'WEST'],
        ['EPIC', 'WEST'],
      ],
    ] as const) {
      const [problem = ''] = problemsOfSources(from(profile('one', a[0], a[1]), profile('two', b[0], b[1])));
      assert.match(problem, /^sources\/1\.ts: sender: a message may match it and sources\/0\.ts/);
    }
    assert.deepEqual(
      problemsOfSources(from(profile('one', 'EPIC', '*'), profile('two', '*', 'WEST'), profile('three', 'LAB', 'EAST'))).length,
      1,
    );
    assert.deepEqual(problemsOfSources(from(profile('one', 'EPIC', 'A*'), profile('two', '*', 'B*'))), []);
  });

  it('is chosen among overlapping patterns as their sets of names are nested', () => {
    const name = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 5 });
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 5 });
    fc.assert(
      fc.property(pattern, pattern, name, (a, b, text) => {
        const matches = (p: string) => new RegExp(`^${p.replaceAll('*', '.*')}$`).test(text);
        assert.equal(covers(a, text), matches(a));
        if (covers(a, b) && matches(b)) assert.ok(matches(a));
        if (matches(a) && matches(b)) assert.ok(meet(a, b));
        assert.ok(!covers(a, b) || meet(a, b));
      }),
      { numRuns: 3_000 },
    );
  });
});

describe('Versions of a profile', () => {
  const sources = createSources(from([profile('west', 'A', 'W', { version: 3 }), profile('west', 'A', 'W', { version: 1 })]));

  it('read records that came under them, while they are there; else the one in force does', () => {
    assert.equal(sources.of(header('A', 'W'))?.ref, 'west@3');
    assert.equal(sources.recorded('west@1')?.ref, 'west@1');
    assert.equal(sources.recorded('west@2')?.ref, 'west@3');
    assert.equal(sources.recorded('east@1'), undefined);
    assert.equal(sources.recorded(null), undefined);
    assert.equal(noSources.recorded('west@1'), undefined);
  });

  it('have one name, and the newest comes first', () => {
    assert.match(problemsOfSources(from([profile('a', 'A', 'B'), profile('b', 'A', 'B')]))[0] ?? '', /0\.ts: \[1\]\.name/);
    assert.match(
      problemsOfSources(from([profile('a', 'A', 'B'), profile('a', 'A', 'B', { version: 2 })]))[0] ?? '',
      /0\.ts: \[1\]\.version: expected below 1/,
    );
    assert.match(
      problemsOfSources(from(profile('a', 'A', 'B'), profile('a', 'C', 'D')))[0] ?? '',
      /1\.ts: name: a is the name in sources\/0\.ts/,
    );
  });
});

describe('The hash of all profiles', () => {
  const hashOf = (one: SourceProfile, strict = false) => createSources(from(one), { strict }).hash;

  it('follows what changes how messages are read, and nothing else', () => {
    const { samples: _, ...same } = marien;
    assert.equal(hashOf(same), hashOf(marien));
    assert.equal(hashOf(Object.fromEntries(Object.entries(marien).reverse()) as unknown as SourceProfile), hashOf(marien));
    const others = [hashOf(marien), hashOf(marien, true), hashOf({ ...marien, zone: 'UTC' }), hashOf({ ...marien, version: 3 })];
    assert.equal(new Set(others).size, others.length);
  });
});

describe('A fault in a profile', () => {
  const faults: readonly (readonly [key: string, fault: Record<string, unknown>])[] = [
    ['name', { name: 'West Campus' }],
    ['name', { name: 'none' }],
    ['version', { version: 0 }],
    ['sender.facility', { sender: { application: 'A', facility: 'Zürich' } }],
    ['sender.application', { sender: { application: 'A|B', facility: '*' } }],
    ['sender.port', { sender: { application: 'A', facility: '*', port: 1 } }],
    ['zone', { zone: 'Mars/Olympus' }],
    ['zone', { zone: '+0530' }],
    ['charset.override', { charset: { override: 'UTF-16' } }],
    ['charset', { charset: { override: 'UTF-8', default: 'UTF-8' } }],
    ['authorities.MRN', { authorities: { MRN: 'no uri' } }],
    ['identifierTypes.PI', { identifierTypes: { PI: 'MR', MR: 'XX' } }],
    ['identifierTypes.PI', { identifierTypes: { PI: '' } }],
    ['events.a08', { events: { a08: { as: 'A02' } } }],
    ['events.A08', { events: { A08: { as: 'A02', skip: 'x' } } }],
    ['events.A08.as', { events: { A08: { as: 'A02' }, A02: { as: 'A01' } } }],
    ['events.A08.skip', { events: { A08: { skip: 'No Reason' } } }],
    ['events.A08.refuse', { events: { A08: { refuse: '' } } }],
    ['events.A08[1]', { events: { A08: [{ skip: 'a' }, { skip: 'b' }] } }],
    ['events.A08.when.path', { events: { A08: { skip: 'a', when: { path: 'PV1', is: 'valued' } } } }],
    ['events.A08.when', { events: { A08: { skip: 'a', when: { path: 'PV1-2' } } } }],
    ['events.A08.when.is', { events: { A08: { skip: 'a', when: { path: 'PV1-2', is: 'there' } } } }],
    ['fields[0]', { fields: [{ copy: 'PV1-50', move: 'PV1-50', to: 'PV1-19' }] }],
    ['fields[0].copy', { fields: [{ copy: 'PV1.50', to: 'PV1-19' }] }],
    ['fields[0].to', { fields: [{ copy: 'PV1-50', to: 'PV1-19.1' }] }],
    ['fields[0].to', { fields: [{ copy: 'PV1-50', to: 'MSH-10' }] }],
    ['fields[0].move', { fields: [{ move: 'MSH-3', to: 'PV1-19' }] }],
    ['fields[0].copy', { fields: [{ copy: 'MSH-2', to: 'PV1-19' }] }],
    ['fields[0].default', { fields: [{ default: 'BHS-3', value: 'x' }] }],
    ['fields[0].value', { fields: [{ default: 'PV1-2', value: '""' }] }],
    ['fields[0].value', { fields: [{ default: 'PV1-2', value: 'Größe' }] }],
    ['fields[0].onlyIfEmpty', { fields: [{ copy: 'PV1-50', to: 'PV1-19', onlyIfEmpty: 1 }] }],
    [
      'fields[0].copy',
      {
        fields: [
          { copy: 'PV1-50', to: 'PV1-19' },
          { copy: 'PV1-5', to: 'PV1-50' },
        ],
      },
    ],
    ['fields[0].copy', { fields: [{ copy: 'PID-3[2]', to: 'PID-3' }] }],
    [
      'fields[1].to',
      {
        fields: [
          { copy: 'PV1-50', to: 'PV1-19' },
          { move: 'PV1-5', to: 'PV1-19' },
        ],
      },
    ],
    ['segments.PV1', { segments: { PV1: {} } }],
    [
      'segments.ZIN.extensions[0].from',
      { segments: { ZIN: { extensions: [{ from: 'ZBE-1', of: 'Patient', url: 'urn:x:y', type: 'code' }] } } },
    ],
    [
      'segments.ZIN.extensions[0].of',
      { segments: { ZIN: { extensions: [{ from: 'ZIN-1', of: 'Visit', url: 'urn:x:y', type: 'code' }] } } },
    ],
    ['segments.ZIN.extensions[0].url', { segments: { ZIN: { extensions: [{ from: 'ZIN-1', of: 'Patient', url: 'x y', type: 'code' }] } } }],
    [
      'segments.ZIN.extensions[0].type',
      { segments: { ZIN: { extensions: [{ from: 'ZIN-1', of: 'Patient', url: 'urn:x:y', type: 'Code' }] } } },
    ],
    ['samples[0].file', { samples: [{ file: '../x.hl7', expect: { ack: 'AA' } }] }],
    ['samples[0].expect.ack', { samples: [{ file: 'x.hl7', expect: {} }] }],
    ['samples[0].expect.occuredAt', { samples: [{ file: 'x.hl7', expect: { ack: 'AA', occuredAt: '2026-01-01' } }] }],
    ['samples[0].expect.occurredAt', { samples: [{ file: 'x.hl7', expect: { ack: 'AA', occurredAt: 'yesterday' } }] }],
    ['samples[0].expect.fields', { samples: [{ file: 'x.hl7', expect: { ack: 'AA', fields: { PID: 'x' } } }] }],
    ['charsets', { charsets: 1 }],
  ];

  for (const [key, fault] of faults)
    it(`is named with its key: ${key} of ${JSON.stringify(fault)}`, () => {
      const problems = problemsOfSources(from({ ...profile('west', 'A', 'B'), ...fault } as SourceProfile));
      assert.equal(problems.length, 1, problems.join('\n'));
      assert.equal(/^sources\/0\.ts: ([^ ]+?):? /.exec(problems[0] ?? '')?.[1], key);
    });

  it('is told with all others, and nothing is loaded', () => {
    const bad = [{ ...profile('west', 'A', 'B'), zone: 'x', version: '1' }, { version: 1 }, null] as unknown as SourceProfile[];
    assert.throws(
      () => createSources(from(...bad)),
      (thrown: { code: string; message: string }) => {
        assert.equal(thrown.code, 'AORTA_PROFILE_001');
        for (const part of [
          '0.ts: zone',
          '0.ts: version',
          '1.ts: name is missing',
          '1.ts: sender is missing',
          '2.ts: expected a source profile',
        ])
          assert.ok(thrown.message.includes(part), `${part} in ${thrown.message}`);
        return true;
      },
    );
    assert.deepEqual(problemsOfSources(from(marien)), []);
  });
});
