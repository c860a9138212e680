import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { error } from '../errors/index.ts';
import { staleFiles, writeFiles } from '../schema/generate.ts';

export interface ScaffoldFile {
  /** Below the project's root. */
  readonly path: string;
  readonly text: string;
}

/** The files of a new topology. Throws AORTA_CLI_006 for a name that a flow cannot have. */
export function scaffoldFiles(name: string): readonly ScaffoldFile[] {
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name) || name.length > 40) throw error('AORTA_CLI_006', { name });
  const words = name.split('-');
  const type = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
  const value = type.charAt(0).toLowerCase() + type.slice(1);
  return [
    { path: `topologies/${name}.ts`, text: topologyText(name, type, value) },
    { path: `schemas/${name}.avsc`, text: schemaText(type) },
    { path: `test/topologies/${name}.test.ts`, text: testText(name, value) },
  ];
}

/** Writes them, with the generated types. Refuses to touch a file that exists (AORTA_CLI_003). */
export async function writeScaffold(root: string, files: readonly ScaffoldFile[]): Promise<void> {
  for (const { path } of files) if (existsSync(join(root, path))) throw error('AORTA_CLI_003', { file: path });
  for (const { path, text } of files) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text, { flag: 'wx' });
  }
  await writeFiles(await staleFiles(join(root, 'schemas')));
}

function topologyText(name: string, type: string, value: string): string {
  return `import { filter, flow, map, to, topic } from 'aorta';
import { type ${type}, ${value}Schema } from '../schemas/generated/${name}.ts';
import { topics } from '../schemas/topics.ts';

/** What this flow writes. Key: patient id. */
export const ${value}Topic = topic<${type}>('${name}', ${value}Schema);

/** Every transfer of a patient to another bed. */
export default flow('${name}')
  .from(topics.timeline)
  .pipe(
    filter('transfers', (event) => event.type === 'Transfer'),
    map((event) => ({
      eventId: event.eventId,
      patientId: event.patientId,
      occurredAt: event.occurredAt,
      ward: event.ward,
      room: event.room,
      bed: event.bed,
    })),
    to(${value}Topic),
  );
`;
}

function schemaText(type: string): string {
  const place = (name: string, doc: string) => ({ name, type: ['null', 'string'], default: null, doc, phi: true });
  const fields: { readonly name: string }[] = [
    { name: 'eventId', type: 'string', doc: 'Id of the event that caused this one.' } as { name: string },
    { name: 'patientId', type: 'string', doc: "Opaque id of the patient; equal to the record's key." } as { name: string },
    { name: 'occurredAt', type: { type: 'long', logicalType: 'timestamp-millis' }, doc: 'When it happened.' } as { name: string },
    place('ward', 'Point of care.'),
    place('room', 'Room.'),
    place('bed', 'Bed.'),
  ];
  const lines = fields.map(
    (field) => `    ${JSON.stringify(field).replaceAll('":', '": ').replaceAll(',"', ', "').replace(/^\{/, '{ ').replace(/\}$/, ' }')}`,
  );
  return `{
  "type": "record",
  "name": "${type}",
  "namespace": "aorta.patient",
  "doc": "A patient was moved to another bed.",
  "fields": [
${lines.join(',\n')}
  ]
}
`;
}

function testText(name: string, value: string): string {
  return `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { simulate, TestDriver } from 'aorta/testing';
import type { TimelineEvent } from '../../schemas/generated/timeline-event.ts';
import { topics } from '../../schemas/topics.ts';
import topology, { ${value}Topic } from '../../topologies/${name}.ts';

const moved: TimelineEvent = {
  eventId: 'event-1',
  patientId: 'patient-1',
  type: 'Transfer',
  occurredAt: Date.UTC(2026, 5, 1, 8, 30),
  recordedAt: Date.UTC(2026, 5, 1, 8, 31),
  system: 'ADT|WEST',
  messageId: 'MSG00001',
  encounterId: null,
  ward: 'W2',
  room: '204',
  bed: 'B',
  cancels: null,
};

test('a transfer is written, anything else is skipped', async () => {
  const driver = await TestDriver.start(topology, { source: topics.timeline });
  try {
    await driver.send({ key: 'patient-1', value: moved }, { key: 'patient-1', value: { ...moved, eventId: 'event-2', type: 'Discharge' } });
    const written = await driver.emitted(${value}Topic);
    assert.deepEqual(
      written.map(({ key, value }) => [key, value.ward, value.room, value.bed]),
      [['patient-1', 'W2', '204', 'B']],
    );
  } finally {
    await driver.stop();
  }
});

test('nothing is lost and every patient stays in order, whatever crashes', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const { violations, script } = await simulate(topology, {
      seed,
      event: (key, n): TimelineEvent => ({ ...moved, eventId: \`\${key}#\${n}\`, patientId: key }),
      emissions: ${value}Topic,
      events: 40,
    });
    assert.deepEqual(violations, [], \`seed \${seed}:\\n\${script.join('\\n')}\`);
  }
});
`;
}
