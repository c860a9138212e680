import type { Document } from '../document.ts';
import { studySection } from './study.ts';
import { style } from './style.ts';
import { escaped } from './svg.ts';
import { table } from './table.ts';
import { section } from './workload.ts';

/** The report as one HTML file that needs nothing else: no script, no font, no address. */
export const page = (document: Document): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>Aorta benchmarks: ${escaped(document.name)}</title><style>${style}</style></head><body>
<h1>Aorta benchmarks: ${escaped(document.name)}</h1>
<p>Aorta and its peers in turns on the same services. Ratios compare both halves of the same rounds and are above 1 where Aorta is
better; absolute figures are those of one machine on one day. The method is in docs/performance.md.</p>
${facts(document)}
${[...document.workloads.map(section), ...document.studies.map(studySection)].join('\n')}
${comparison(document)}
</body></html>
`;

function facts({ from, to, machine, load, commit, versions, method, workloads, studies }: Document): string {
  const parts = new Map(Object.entries(versions));
  for (const { peers } of workloads)
    for (const peer of Object.values(peers)) for (const [name, version] of Object.entries(peer.versions)) parts.set(name, version);
  for (const study of studies) for (const [name, version] of Object.entries(study.versions)) parts.set(name, version);
  const busy = (load.before[0] ?? 0) > machine.cores * 0.5;
  const rows: readonly (readonly [string, string])[] = [
    ['Measured', `${from} to ${to}${method.quick ? ' (quick: a gate, not a measurement)' : ''}`],
    ['Commit', commit ? `${commit.id}${commit.dirty ? ', with changes that are not committed' : ''}` : 'unknown'],
    ['Machine', `${machine.cores} × ${machine.cpu}, ${machine.memoryGb} GB, Linux ${machine.kernel}`],
    [
      'Load before, after',
      `${load.before.join(' ')}, ${load.after.join(' ')}${busy ? ' — the machine was busy with something else: read these figures with care' : ''}`,
    ],
    ['Versions', [...parts].map(([name, version]) => `${name} ${version}`).join(', ')],
    [
      'Rounds at a rate',
      `open loop; ${method.warmupMs / 1000} s of warm-up do not count; void if the generator is more than ${method.maxLatenessMs} ms late at its p99`,
    ],
  ];
  return `<dl>${rows.map(([name, value]) => `<dt>${name}</dt><dd>${escaped(value)}</dd>`).join('')}</dl>`;
}

function comparison({ baseline, comparison: all }: Document): string {
  if (!baseline || all.length === 0) return '';
  const rows = all.map(({ workload, peer, figure, before, now, change }) => [
    `${escaped(workload)}, ${figure} beside ${escaped(peer)}`,
    `${before.toFixed(2)}×`,
    `${now.toFixed(2)}×`,
    `<span class="${change >= 1 ? 'good' : change < 0.85 ? 'bad' : ''}">${change.toFixed(2)}×</span>`,
  ]);
  return `<section id="baseline"><h2>Beside the baseline</h2>
<p class="soft">${escaped(`Of ${baseline.at}, commit ${baseline.commit ?? 'unknown'}, ${baseline.machine}. The change is now ÷ then: above 1, Aorta has gained on the peer.`)}</p>
${table(['ratio', 'then', 'now', 'change'], rows)}</section>`;
}
