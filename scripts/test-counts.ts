/** A node:test reporter that writes nothing but the counts of the whole run, as JSON. */
export default async function* counts(source: AsyncIterable<{ type: string; data: Record<string, unknown> }>) {
  for await (const event of source) {
    // The summary of the whole run is the one that names no file.
    if (event.type !== 'test:summary' || event.data['file'] !== undefined) continue;
    const { passed, failed, cancelled } = event.data['counts'] as { passed: number; failed: number; cancelled: number };
    yield JSON.stringify({ passed, failed: failed + cancelled });
  }
}
