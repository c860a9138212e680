import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { createMask, Output } from '../../src/assist/index.ts';
import type { Patient } from '../../src/fhir/r4.ts';

const anna: Patient = {
  resourceType: 'Patient',
  id: '01JPATIENT0000000000000000',
  name: [
    { family: 'von Müller-Škoda', given: ['Anna', 'Bo'] },
    { use: 'maiden', family: "O'Neil (geb.)" },
  ],
  birthDate: '1950-03-02',
  identifier: [{ system: 'urn:id:H', value: 'MRN.47+11' }],
  telecom: [{ system: 'phone', value: '+41 31 555 77 88' }],
  address: [{ line: ['Lindenweg 7'], city: 'Bern', postalCode: '3007' }],
  contact: [{ name: { family: 'Keller', given: ['Urs'] }, telecom: [{ system: 'phone', value: '0795551234' }] }],
};

describe('a mask', () => {
  for (const [text, hidden] of [
    ['ANNA von Müller-Škoda is well', '[NAME-1] [NAME-2] is well'],
    ["Mother of Bo; née O'Neil (geb.)", 'Mother of [NAME-1]; née [NAME-2]'],
    ['Born 1950-03-02, MRN.47+11', 'Born [DATE-1], [ID-1]'],
    ['Lindenweg 7, 3007 Bern', '[ADDRESS-1], [ADDRESS-2] [ADDRESS-3]'],
    ['call +41 31 555 77 88 or Urs Keller 0795551234', 'call [PHONE-1] or [NAME-1] [NAME-2] [PHONE-2]'],
    [
      'seen on 3.4.2026, 12 March 2026, March 12th, 2026, 04/05/26 and 2026-11-16T10:00:00Z',
      'seen on [DATE-2], [DATE-4], [DATE-5], [DATE-3] and [DATE-1]',
    ],
    ['Dr. Hans Muster told Frau Zbinden', '[NAME-1] told [NAME-2]'],
    ['a.b@example.org, https://x.example/?p=1, 123-45-6789, 756123456789', '[MAIL-1], [LINK-1] [ID-1], [ID-2]'],
    ['twice: 1950-03-02 and 1950-03-02', 'twice: [DATE-1] and [DATE-1]'],
    ['a mark of its own: [NAME-1]', 'a mark of its own: [removed]'],
  ] as const) {
    test(`hides what names a person: ${text}`, () => assert.equal(createMask([anna]).hide(text), hidden));
  }

  test('leaves what is clinical', () => {
    for (const text of [
      'Potassium 5.9 mmol/L, high',
      'Blood pressure 119/77 mm[Hg]',
      'Amoxicillin 875 MG / Clavulanate 125 MG',
      'Annan, Bernese and Bob',
      'LOINC 18842-5',
      '12 days ago',
      'GFR 77.409 mL/min/{1.73_m2}',
      'pH 7.35 - 7.45',
      'SpO2 93 %',
    ])
      assert.equal(createMask([anna]).hide(text), text);
  });

  test('puts everything back, whatever the text, and hides everything that is known', () => {
    const words = fc.constantFrom(
      'Anna',
      'BO',
      'von Müller-Škoda',
      'Lindenweg 7',
      '1950-03-02',
      '12 March 2026',
      '+41 31 555 77 88',
      'a@b.ch',
      'Kalium 5,9',
      'ist',
      'well.',
      '(',
      '[3]',
    );
    fc.assert(
      fc.property(fc.array(words, { maxLength: 20 }), (given) => {
        const text = given.join(' ');
        const mask = createMask([anna]);
        const hidden = mask.hide(text);
        assert.doesNotMatch(hidden, /Anna|Müller|Lindenweg|1950|March 2026|555|a@b/i);
        assert.equal(
          hidden.replace(/\[[A-Z]+-\d+\]/g, (mark) => mask.value(mark) ?? 'lost'),
          text,
        );
      }),
    );
  });

  test('never throws, whatever a patient is called', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (family, text) => {
        const mask = createMask([{ ...anna, name: [{ family, given: [family] }] } as Patient]);
        mask.hide(`${text} ${family}`);
      }),
    );
  });
});

describe('output of a model', () => {
  const output = () => {
    const mask = createMask([anna]);
    mask.hide('Anna 1950-03-02');
    return new Output(mask, 3);
  };
  const whole = (text: string, cut: (text: string) => string[] = (given) => [given]) => {
    const out = output();
    return (
      cut(text)
        .map((piece) => out.push(piece))
        .join('') + out.end()
    );
  };

  test('gets values for marks, keeps references to facts that exist, and nothing that leads elsewhere', () => {
    assert.equal(whole('[NAME-1] born [DATE-1] [1][2, 3] [4] [0]'), 'Anna born 1950-03-02 [1][2][3]  ');
    assert.equal(
      whole('see https://evil.example/a?b=[NAME-1] or javascript:alert(1) or www.x.y'),
      'see (link removed) or (link removed) or (link removed)',
    );
    assert.equal(whole('[ID-7] a\u0000b\u202ec'), '(removed) abc');
    assert.equal(whole('![x](data:text/html,1)'), '![x]((link removed)');
  });

  test('a link behind a run that is no word goes away, too, wherever the pieces end', () => {
    for (let at = 240; at < 260; at++)
      for (const pieces of [6, 7, 20]) {
        const cut = (given: string) => given.match(new RegExp(`.{1,${at + pieces}}`, 'g')) ?? [];
        const text = whole(`${'('.repeat(at)}https://evil.example/x javascript:x`, cut);
        assert.doesNotMatch(text, /\w+:\/\/\w|javascript:/, `${at} ${pieces}`);
      }
  });

  test('is the same wherever its pieces end', () => {
    const text = 'On [DATE-1] [NAME-1] had 5.9 mmol/L [1, 2], see http://x.example [9] and [3].\n- [ID-1] end';
    fc.assert(
      fc.property(fc.array(fc.nat(text.length), { maxLength: 12 }), (cuts) => {
        const at = [0, ...cuts.sort((a, b) => a - b), text.length];
        assert.equal(
          whole(text, (given) => at.slice(1).map((end, index) => given.slice(at[index], end))),
          whole(text),
        );
      }),
    );
  });
});
