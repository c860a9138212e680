import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { pinned } from '../../../benchmarks/peers/jvm/build.ts';

const pom = readFileSync(new URL('../../../benchmarks/peers/jvm/pom.xml', import.meta.url), 'utf8');

test('every version of the JVM peers is exact, or a property of the pom that is', () => {
  // The pom's own model version and version come first.
  const versions = [...pom.matchAll(/<(?:version|[\w-]+\.version)>([^<]+)</g)].map(([, version = '']) => version).slice(1);
  assert.ok(versions.length > 10);
  for (const version of versions) assert.match(version, /^(\d+(\.\d+)+|\$\{[\w-]+\.version\})$/);
});

test('Kafka Streams is no release that leaks memory', () => {
  const { kafka = '' } = pinned('kafka');
  assert.match(kafka, /^(4\.0\.\d+|4\.[1-9]\.\d+)$/);
  // KAFKA-19748 and KAFKA-20616.
  assert.ok(!['4.1.0', '4.3.0'].includes(kafka));
});

test('a name that the pom does not pin is refused', () => {
  assert.throws(() => pinned('flink'), /pins no flink/);
});
