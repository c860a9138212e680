import { leakIn } from '../test/support/canary.ts';

/**
 * A node:test reporter that writes nothing but the counts of the whole run, and where the fixtures' patient stood in what
 * test processes printed, as JSON.
 */
export default async function* counts(source: AsyncIterable<{ type: string; data: Record<string, unknown> }>) {
  const leaks: string[] = [];
  for await (const { type, data } of source) {
    if (type === 'test:stdout' || type === 'test:stderr') {
      const leak = leakIn(String(data['message']));
      if (leak !== undefined) leaks.push(`${type.slice(5)} of ${data['file']}: …${leak.replaceAll('\n', '⏎')}…`);
    }
    // The summary of the whole run is the one that names no file.
    if (type !== 'test:summary' || data['file'] !== undefined) continue;
    const { passed, failed, cancelled } = data['counts'] as { passed: number; failed: number; cancelled: number };
    yield JSON.stringify({ passed, failed: failed + cancelled, leaks });
  }
}
