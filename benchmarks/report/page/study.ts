import type { LinePlot, Plot, StudyReport } from '../../contract/study.ts';
import { bars } from './bars.ts';
import { linear, lines, logarithmic } from './lines.ts';
import { escaped } from './svg.ts';
import { table } from './table.ts';
import { gates, notes } from './workload.ts';

/** The part of the page of a workload that measures in its own way. */
export function studySection(report: StudyReport): string {
  const settings = Object.entries(report.settings).map(
    ([name, value]) => `${name} ${typeof value === 'number' ? value.toLocaleString('en') : value}`,
  );
  const tables = report.tables.map(
    ({ title, head, rows }) =>
      `<p><b>${escaped(title)}</b></p>${table(
        head.map(escaped),
        rows.map((row) => row.map(escaped)),
      )}`,
  );
  const broken = report.broken.map((line) => `<p class="bad">${escaped(line)}</p>`).join('');
  return `<section id="${escaped(report.workload)}"><h2>${escaped(report.workload)}</h2><p class="soft">${escaped([report.what, ...settings].join('; '))}.</p>
<div class="plots">${report.plots.filter(hasPoints).map(plot).join('')}</div>
${tables.join('')}${broken}
${gates(report)}${notes(report)}</section>`;
}

const hasPoints = (of: Plot): boolean => (of.kind === 'bars' ? of.bars.length > 0 : of.lines.some(({ points }) => points.length > 0));

function plot(of: Plot): string {
  if (of.kind === 'bars') return bars(of.title, of.unit, of.bars);
  const axis = ({ label, logarithmic: log }: LinePlot['x'], place: 0 | 1) => {
    const values = of.lines.flatMap(({ points }) => points.map((point) => point[place]));
    return log && values.some((value) => value > 0)
      ? logarithmic(label, values)
      : linear(
          label,
          values.reduce((a, b) => Math.max(a, b), 0),
        );
  };
  return lines(
    of.title,
    of.note,
    axis(of.x, 0),
    axis(of.y, 1),
    of.lines.map(({ name, points }, index) => ({ name, index, points })),
  );
}
