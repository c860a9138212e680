import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { composeProblems } from '../../scripts/compose-rules.ts';

const text = readFileSync(new URL('../../docker-compose.yml', import.meta.url), 'utf8');

test('docker-compose.yml keeps the rules', async () => {
  assert.deepEqual(await composeProblems(), []);
});

for (const [what, from, to, problem] of [
  ['an unpinned image', 'redis:7.4.5-alpine', 'redis:latest', /services\.redis: image redis:latest is not pinned/],
  ['a port open to the network', '127.0.0.1:15432:5432', '15432:5432', /services\.postgres: port 15432:5432 is not published on loopback/],
  ['a port that src/services does not look for', '127.0.0.1:18080', '127.0.0.1:18081', /services\.registry: does not publish port 18080/],
  ['an undeclared volume', '- kafka-data:', '- other-data:', /volume other-data is not declared/],
  ['a dependency that is not there', 'postgres:\n        condition', 'mysql:\n        condition', /depends on mysql/],
  ['a number where Compose wants a text', 'KAFKA_NODE_ID: "1"', 'KAFKA_NODE_ID: 1', /environment KAFKA_NODE_ID must be quoted/],
  ['a misspelt key', 'healthcheck:', 'health_check:', /health_check is not a key/],
] as const) {
  test(`refuses ${what}`, async () => {
    assert.ok(text.includes(from));
    const problems = await composeProblems(text.replace(from, to));
    assert.ok(
      problems.some((found) => problem.test(found)),
      problems.join('\n'),
    );
  });
}
