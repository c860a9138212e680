import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Card, cardProblems, systemActionProblems } from '../../src/cds/index.ts';

const coding = { system: 'urn:s', code: 'c', display: 'd' };
const whole = {
  uuid: '4e0a3a1e-3283-4575-ab82-028d55fe2719',
  summary: 's',
  detail: '**d**',
  indicator: 'warning',
  source: { label: 'l', url: 'https://a.example/', icon: 'https://a.example/i.png', topic: coding },
  suggestions: [
    {
      label: 'l',
      uuid: 'u',
      isRecommended: true,
      actions: [
        { type: 'create', description: 'd', resource: { resourceType: 'Task', status: 'requested' } },
        { type: 'update', description: 'd', resource: { resourceType: 'Task', id: '1', status: 'requested' } },
        { type: 'delete', description: 'd', resourceId: 'Task/1' },
      ],
    },
  ],
  selectionBehavior: 'any',
  overrideReasons: [coding],
  links: [
    { label: 'l', url: 'https://a.example/', type: 'absolute' },
    { label: 'l', url: 'https://a.example/launch', type: 'smart', appContext: 'x' },
  ],
} as const satisfies Card;

const problems = (change: (card: Record<string, never>) => unknown): readonly string[] => {
  const card = JSON.parse(JSON.stringify(whole)) as Record<string, never>;
  change(card);
  return cardProblems(card);
};
const set = (path: string, value: unknown) =>
  problems((card) => {
    const names = path.split('.');
    const last = names.pop() ?? '';
    const at = names.reduce<Record<string, unknown>>((each, name) => each[name] as Record<string, unknown>, card);
    if (value === undefined) delete at[last];
    else at[last] = value;
  });

test('a card with everything that the standard knows has no problem', () => {
  assert.deepEqual(cardProblems(whole), []);
  assert.deepEqual(cardProblems({ summary: 's', indicator: 'info', source: { label: 'l' } }), []);
});

/** Rows of the standard by what breaks them: a path into the card, and the value that is put there. */
const rows: readonly (readonly [string, string, unknown])[] = [
  ['[CDS 3] nothing is null, empty text, empty list or empty object', 'detail', null],
  ['[CDS 80] uuid is a text', 'uuid', 7],
  ['[CDS 83] summary is a text below 140 characters', 'summary', 'x'.repeat(140)],
  ['[CDS 85] detail is a text', 'detail', { markdown: 'x' }],
  ['[CDS 87] indicator is required', 'indicator', undefined],
  ['[CDS 88, 89] indicator is info, warning or critical', 'indicator', 'hard-stop'],
  ['[CDS 90] source is required', 'source', undefined],
  ['[CDS 92] suggestions are a list of suggestions', 'suggestions', { label: 'x' }],
  ['[CDS 93, 96] suggestions come with selectionBehavior', 'selectionBehavior', undefined],
  ['[CDS 95] selectionBehavior is at-most-one or any', 'selectionBehavior', 'all'],
  ['[CDS 98] overrideReasons are a list of codings', 'overrideReasons', coding],
  ['[CDS 100, 136, 219] an override reason has a display', 'overrideReasons.0.display', undefined],
  ['[CDS 103] links are a list of links', 'links', 'https://a.example'],
  ['[CDS 105] source.label is a required text', 'source.label', undefined],
  ['[CDS 107] source.url is an absolute URL', 'source.url', '/relative'],
  ['[CDS 111] source.icon is an absolute URL', 'source.icon', 'javascript:alert(1)'],
  ['[CDS 115] source.topic is a coding', 'source.topic', 'topic'],
  ['[CDS 117] suggestion.label is a required text', 'suggestions.0.label', undefined],
  ['[CDS 119] suggestion.uuid is a text', 'suggestions.0.uuid', 5],
  ['[CDS 121] suggestion.isRecommended is a boolean', 'suggestions.0.isRecommended', 'yes'],
  ['[CDS 124] suggestion.actions is a list of actions', 'suggestions.0.actions', { type: 'create' }],
  ['[CDS 127] action.type is create, update or delete', 'suggestions.0.actions.0.type', 'patch'],
  ['[CDS 128] action.description is a required text', 'suggestions.0.actions.0.description', undefined],
  ['[CDS 130] action.resource is a FHIR resource', 'suggestions.0.actions.0.resource', { id: '1' }],
  ['[CDS 131] create holds the new resource', 'suggestions.0.actions.0.resource', undefined],
  ['[CDS 132] update holds the whole resource', 'suggestions.0.actions.1.resource', undefined],
  ['[CDS 133] delete has no resource', 'suggestions.0.actions.2.resource', { resourceType: 'Task' }],
  ['[CDS 134] delete has a resourceId', 'suggestions.0.actions.2.resourceId', undefined],
  ['[CDS 135] resourceId is a text', 'suggestions.0.actions.2.resourceId', 1],
  ['[CDS 138] link.label is a required text', 'links.0.label', undefined],
  ['[CDS 139] link.url is a required URL', 'links.0.url', 'a.example'],
  ['[CDS 141] link.type is required', 'links.0.type', undefined],
  ['[CDS 142] link.type is absolute or smart', 'links.0.type', 'relative'],
  ['[CDS 144] appContext is a text', 'links.1.appContext', { a: 1 }],
  ['[CDS 147] appContext is for smart links only', 'links.0.appContext', 'x'],
  ['[CDS 214] an extension is an object', 'extension', 'x'],
  ['[CDS 216, 218] coding.code is a required text', 'source.topic.code', undefined],
  ['[CDS 217] coding.system is a required text', 'source.topic.system', 7],
];
for (const [name, path, value] of rows) {
  test(name, () => assert.notDeepEqual(set(path, value), []));
}

test('[CDS 220] the display of a topic is optional', () => assert.deepEqual(set('source.topic.display', undefined), []));

test('empties are found wherever they are, also inside a resource; an unknown element is a misspelt one', () => {
  for (const value of [null, '', [], {}]) assert.notDeepEqual(set('suggestions.0.actions.0.resource.note', value), []);
  assert.notDeepEqual(set('overrideReason', [coding]), []);
  assert.deepEqual(set('extension', { 'com.example': { a: 1 } }), []);
});

test('what JSON would write as null, leave out or not write at all is found before it leaves', () => {
  const inside = (value: unknown) => cardProblems({ ...whole, extension: { 'com.example': value } });
  const itself: Record<string, unknown> = { a: 1 };
  itself['again'] = itself;
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, 10n, [undefined], { a: undefined }, [() => 1], itself])
    assert.notDeepEqual(inside(value), []);
  assert.deepEqual(inside({ a: 1, b: undefined }), []);
});

test('[CDS 75] a system action is an action whose description is optional', () => {
  assert.deepEqual(systemActionProblems({ type: 'update', resource: { resourceType: 'Task', id: '1' } }), []);
  assert.notDeepEqual(systemActionProblems({ type: 'update' }), []);
});

test('whatever a service returns as a card, the check neither throws nor repeats a value', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom('', 'source', 'links', 'suggestions', 'overrideReasons'), (value, name) => {
      const found = name === '' ? cardProblems(value) : set(name, value ?? null);
      assert.ok(
        found.every((problem) => /^[\w.[\]]+ (?:is|has|does|was)\b/.test(problem)),
        found.join('; '),
      );
    }),
  );
});
