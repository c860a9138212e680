import type { Card } from 'aorta';
import type { Conflict } from './allergies.ts';
import type { Abnormal } from './labs.ts';
import { list, summary } from './text.ts';

const source = { label: 'Aorta', topic: { system: 'urn:aorta:cds-topic', code: 'chart-review', display: 'Chart review' } } as const;
const system = 'urn:aorta:cds-override-reason';
const reasons = (...given: readonly (readonly [string, string])[]) => given.map(([code, display]) => ({ system, code, display }));

/** What was not read is said in every card: that nothing is mentioned of it must not mean that there is nothing. */
const unread = (incomplete: readonly string[]): string => (incomplete.length === 0 ? '' : `\n\nNot read completely: ${list(incomplete)}.`);

export interface Frame {
  readonly home: string;
  /** Names of reads that are not complete. */
  readonly incomplete: readonly string[];
}

const links = ({ home }: Frame) => ({ links: [{ label: 'Open Aorta', url: `${home}/`, type: 'absolute' as const }] });

export function conflictCard(found: readonly Conflict[], frame: Frame): Card | undefined {
  const [first] = found;
  if (!first) return undefined;
  const how = { same: 'is what the allergy names', class: 'is of the same class', cross: 'may cross-react' };
  const grave = found.some(({ kind, severe }) => kind !== 'cross' && severe);
  const rows = found.map(({ allergy, medication, kind }) => `- **${medication}**: recorded allergy ${allergy}; it ${how[kind]}`);
  return {
    summary: summary(
      `Allergy conflict: ${first.medication} and allergy to ${first.allergy}${found.length > 1 ? `, ${found.length - 1} more` : ''}`,
    ),
    detail: `${rows.join('\n')}\n\nFound by names and codes, not by a drug database.${unread(frame.incomplete)}`,
    indicator: grave ? 'critical' : 'warning',
    source,
    overrideReasons: reasons(
      ['tolerated', 'Patient has tolerated it'],
      ['benefit', 'Benefit outweighs the risk'],
      ['not-allergic', 'The allergy entry is wrong'],
    ),
    ...links(frame),
  };
}

/** Rows of a card: what is beyond is counted. */
const mostRows = 10;

export function labCard(found: readonly Abnormal[], frame: Frame): Card | undefined {
  const [first] = found;
  if (!first) return undefined;
  const day = (at: number) => (at === 0 ? 'date unknown' : new Date(at).toISOString().slice(0, 10));
  const rows = found
    .slice(0, mostRows)
    .map(
      ({ name, value, flag, critical, at, by }) => `- ${critical ? '**critical** ' : ''}${name}: ${value} (${flag}, ${day(at)}, by ${by})`,
    );
  const more = found.length > mostRows ? [`- and ${found.length - mostRows} more`] : [];
  return {
    summary: summary(
      `${found.length} abnormal result${found.length > 1 ? 's' : ''} in 30 days: ${first.name} ${first.value} (${first.flag})`,
    ),
    detail: `${[...rows, ...more].join('\n')}${unread(frame.incomplete)}`,
    indicator: first.critical ? 'critical' : found.length > 0 && first.by === 'standard range' ? 'info' : 'warning',
    source,
    overrideReasons: reasons(['known', 'Known and followed up'], ['expected', 'Expected for this patient']),
    ...links(frame),
  };
}

export interface PendingTask {
  readonly title: string;
  readonly overdue: boolean;
}

export function taskCard(found: readonly PendingTask[], frame: Frame): Card | undefined {
  if (found.length === 0) return undefined;
  const late = found.filter(({ overdue }) => overdue).length;
  const rows = found.slice(0, mostRows).map(({ title, overdue }) => `- ${title}${overdue ? ' (overdue)' : ''}`);
  return {
    summary: summary(`${found.length} discharge task${found.length > 1 ? 's' : ''} pending${late > 0 ? `, ${late} overdue` : ''}`),
    detail: `${rows.join('\n')}${found.length > mostRows ? `\n- and ${found.length - mostRows} more` : ''}${unread(frame.incomplete)}`,
    indicator: late > 0 ? 'warning' : 'info',
    source,
    overrideReasons: reasons(['done', 'Done, not yet recorded'], ['not-needed', 'Not needed']),
    ...links(frame),
  };
}
