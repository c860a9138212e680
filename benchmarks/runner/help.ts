import type { Peer } from '../contract/peer.ts';
import type { Study } from '../contract/study.ts';
import type { Workload } from '../contract/workload.ts';

const listed = (rows: readonly (readonly [string, string])[]): string => {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, what]) => `  ${name.padEnd(width)}   ${what}`).join('\n');
};

/** The text of `--help`: made from what is there. */
export const help = (
  workloads: readonly Workload[],
  studies: readonly Study[],
  peers: ReadonlyMap<string, Peer>,
): string => `npm run bench -- <workload> [options]

Runs Aorta and its peers on the same real services, in turns, each round in a process of its own, and compares them.
Only ratios of one run mean something. The method is in docs/performance.md.

Workloads (or \`all\`, or a family such as \`enrich\`)
${listed([...workloads, ...studies].map(({ name, what }) => [name, what]))}

Peers
${listed([...peers.values()].map(({ name, what, work }) => [name, `${what} (${work.join(', ')})`]))}

Options
  --peers a,b          peers beside aorta; default: all that can do the work, but those that are far too slow
  --messages N         events in the backlog
  --patients N         patients in it
  --workers N          processes of each peer in TypeScript, in one group (default 1; Kafka Streams keeps its threads: one, tuned two)
  --duration S         most seconds of a backlog round (default 30); rounds at a rate take as long, at most 10
  --rate R             events per second of the latency rounds; 0: no latency rounds
  --rounds N           rounds of each peer (default 3; fewer is an indication only)
  --margin             also three times the backlog: processor time of an event without start-up (--messages 1000000 decides)
  --max-lateness MS    a round at a rate is void if the generator's p99 lateness is above this (default 10)
  --out DIR            where report (JSON) and page (HTML) go (default docs/benchmarks)
  --baseline FILE      compare with this one (default benchmarks/baseline.json)
  --save-baseline      store this run's ratios there
  --check              exit code 2 if a ratio is below its gate (benchmarks/report/gates.ts)
  --quick              under a minute: passthrough and effects, short, with --check; writes nothing without --out
  --json               one JSON document, on the last line, and no table

Flags of a workload's own, after a further -- (npm run bench -- mllp -- --connections 10)
${listed(studies.flatMap(({ name, flags }) => (flags === undefined ? [] : [[name, flags] as const])))}

Exit codes: 0 done; 1 it could not run, or a peer failed; 2 a ratio is below its gate; 3 an output was not sound.

Examples
  npm run bench -- passthrough --peers tuned --rounds 5
  npm run bench -- latency --peers tuned
  npm run bench -- all --rate 0 --out /tmp/report
`;
