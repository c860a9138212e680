/**
 * What a card must be before it leaves (CDS Hooks 2.0, "Card Attributes"). Each problem names a place, never a value.
 * `null`, `""`, `[]` and `{}` are prohibited everywhere: an optional element without a value is left out.
 */
type Json = Readonly<Record<string, unknown>>;
type Check = (value: unknown, at: string) => readonly string[];

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);
const none: readonly string[] = [];

const text: Check = (value, at) => (typeof value === 'string' && value.trim() !== '' ? none : [`${at} is no text`]);
const flag: Check = (value, at) => (typeof value === 'boolean' ? none : [`${at} is no boolean`]);
const summary: Check = (value, at) =>
  typeof value === 'string' && [...value].length >= 140 ? [`${at} has 140 characters or more`] : text(value, at);
const oneOf =
  (...allowed: readonly string[]): Check =>
  (value, at) =>
    allowed.includes(value as string) ? none : [`${at} is not one of ${allowed.join(', ')}`];
const url: Check = (value, at) =>
  typeof value === 'string' && /^https?:$/.test(URL.parse(value)?.protocol ?? '') ? none : [`${at} is no absolute URL`];
const resource: Check = (value, at) => (isObject(value) && typeof value['resourceType'] === 'string' ? none : [`${at} is no resource`]);
const listOf =
  (check: Check): Check =>
  (value, at) =>
    Array.isArray(value) && value.length > 0
      ? value.flatMap((each, index) => check(each, `${at}[${index}]`))
      : [`${at} is no list with entries`];
/** Extensions are objects whose content is agreed on elsewhere (2.0, "Extensions"). */
const extension: Check = (value, at) => (isObject(value) ? none : [`${at} is no object`]);

const shape = (
  required: Readonly<Record<string, Check>>,
  optional: Readonly<Record<string, Check>> = {},
  rule: Check = () => none,
): Check => {
  const known = new Map(Object.entries({ ...required, ...optional, extension }));
  const names = Object.keys(required);
  return (value, at) => {
    if (!isObject(value)) return [`${at} is no object`];
    const problems = names.flatMap((name) => (value[name] === undefined ? [`${at}.${name} is missing`] : none));
    for (const name of Object.keys(value)) {
      const check = known.get(name);
      if (!check) problems.push(`${at} has an unknown element`);
      else if (value[name] !== undefined) problems.push(...check(value[name], `${at}.${name}`));
    }
    problems.push(...rule(value, at));
    return problems;
  };
};

const coding = shape({ system: text, code: text }, { display: text });
const reason = shape({ system: text, code: text, display: text });
const source = shape({ label: text }, { url, icon: url, topic: coding });

const byType: Check = (value, at) => {
  const { type, resource: whole, resourceId } = value as Json;
  if (type === 'delete')
    return [
      ...(whole === undefined ? none : [`${at}.resource is not for delete`]),
      ...(resourceId === undefined ? [`${at}.resourceId is missing`] : none),
    ];
  return [
    ...(whole === undefined ? [`${at}.resource is missing`] : none),
    ...(resourceId === undefined ? none : [`${at}.resourceId is for delete only`]),
  ];
};
const action = (description: 'required' | 'optional') =>
  shape(
    { type: oneOf('create', 'update', 'delete'), ...(description === 'required' ? { description: text } : {}) },
    { resource, resourceId: text, ...(description === 'optional' ? { description: text } : {}) },
    byType,
  );
const suggestion = shape({ label: text }, { uuid: text, isRecommended: flag, actions: listOf(action('required')) });
const link = shape({ label: text, url, type: oneOf('absolute', 'smart') }, { appContext: text }, (value, at) =>
  (value as Json)['appContext'] !== undefined && (value as Json)['type'] !== 'smart' ? [`${at}.appContext is for smart links only`] : none,
);

const card = shape(
  { summary, indicator: oneOf('info', 'warning', 'critical'), source },
  {
    ...{ uuid: text, detail: text, suggestions: listOf(suggestion), selectionBehavior: oneOf('at-most-one', 'any') },
    ...{ overrideReasons: listOf(reason), links: listOf(link) },
  },
  (value, at) => {
    const { suggestions, selectionBehavior } = value as Json;
    const given = (name: string, present: boolean) => (present ? none : [`${at}.${name} is missing`]);
    if (suggestions !== undefined) return given('selectionBehavior', selectionBehavior !== undefined);
    return given('suggestions', selectionBehavior === undefined);
  },
);

/** Everything that is wrong with a card; empty: it may leave. */
export const cardProblems = (value: unknown): readonly string[] => [...card(value, 'card'), ...empties(value, 'card')];
export const systemActionProblems = (value: unknown): readonly string[] => [
  ...action('optional')(value, 'systemAction'),
  ...empties(value, 'systemAction'),
];

/** Deeper than any resource, and where an object that holds itself ends. */
const deepest = 30;

/** What JSON would write as null, or not at all. */
const unwritable = (value: unknown): boolean =>
  ['undefined', 'bigint', 'function', 'symbol'].includes(typeof value) || (typeof value === 'number' && !Number.isFinite(value));

/** Inside resources too: FHIR knows no empty elements either. */
function empties(value: unknown, at: string, depth = 0): readonly string[] {
  if (value === null || value === '') return [`${at} is empty`];
  if (unwritable(value)) return [`${at} is no JSON`];
  if (typeof value !== 'object') return none;
  if (depth > deepest) return [`${at} is nested too deeply`];
  const list = Array.isArray(value);
  const entries = Object.entries(value).filter(([, each]) => list || each !== undefined);
  if (entries.length === 0) return [`${at} is empty`];
  // A name that is no element's may hold anything.
  const shown = (name: string) => (/^\w{1,40}$/.test(name) ? name : 'unknown');
  return entries.flatMap(([name, each]) => empties(each, list ? `${at}[${name}]` : `${at}.${shown(name)}`, depth + 1));
}
