import type { Sources } from '../../hl7/index.ts';
import type { Counter, Telemetry } from '../../telemetry/port.ts';
import type { Verdict } from './judge.ts';

/** Messages by source profile. Labels are configuration: names of profiles, reasons that they give. */
export interface SourceMetrics {
  judged(verdict: Verdict): void;
}

/** The profile's label for messages that none matches. */
const none = 'none';
/** Names of segments are the sender's to choose; so many are logged, all are counted. */
const mostLogged = 100;

export function sourceMetrics(telemetry: Telemetry, sources: Sources): SourceMetrics {
  const counters = new Map<string, Counter>();
  const count = (name: string, help: string, labels: Readonly<Record<string, string>>): void => {
    const key = `${name} ${Object.values(labels).join(' ')}`;
    let counter = counters.get(key);
    if (!counter) {
      counter = telemetry.counter(name, help, labels);
      counters.set(key, counter);
    }
    counter.inc();
  };
  const logged = new Set<string>();
  telemetry.log('info', 'mllp.sources', {
    hash: sources.hash,
    strict: sources.strict,
    profiles: sources.list.map(({ ref, hash }) => `${ref} ${hash.slice(0, 12)}`).join(', '),
  });
  return {
    judged({ reading, findings, skip }) {
      const profile = reading.profile?.slice(0, reading.profile.lastIndexOf('@')) ?? none;
      const outcome = findings.length > 0 ? 'refused' : skip !== undefined ? 'skipped' : 'taken';
      count('aorta_mllp_source_messages_total', 'Messages by source profile and what came of them.', { profile, outcome });
      if (findings.length === 0 && skip !== undefined)
        count('aorta_mllp_source_skips_total', 'Messages that a source profile acknowledges without storing them.', {
          profile,
          reason: skip,
        });
      for (const segment of reading.unknownSegments()) {
        count('aorta_mllp_unknown_segments_total', 'Messages with a Z-segment that the source profile does not know.', { profile });
        const key = `${profile} ${segment}`;
        if (logged.has(key) || logged.size >= mostLogged) continue;
        logged.add(key);
        telemetry.log('info', 'mllp.segment.unknown', { profile, segment });
      }
    },
  };
}
