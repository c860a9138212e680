import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { error } from '../errors/index.ts';
import type { ScaffoldFile } from './scaffold.ts';

export interface SourceScaffold {
  readonly name: string;
  /** MSH-3 and MSH-4; `*` for any characters. */
  readonly application: string;
  readonly facility: string;
}

/** The files of a new source profile: one that changes nothing yet, with a sample. Throws AORTA_CLI_007. */
export function sourceScaffold({ name, application, facility }: SourceScaffold): readonly ScaffoldFile[] {
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name) || name.length > 40 || name === 'none') throw error('AORTA_CLI_007', { name });
  return [
    { path: `sources/${name}.ts`, text: profileText(name, application, facility) },
    { path: `sources/${name}/admission.hl7`, text: sampleText(application, facility) },
  ];
}

/** Writes them. Refuses to touch a file that exists (AORTA_CLI_003). */
export async function writeSource(root: string, files: readonly ScaffoldFile[]): Promise<void> {
  for (const { path } of files) if (existsSync(join(root, path))) throw error('AORTA_CLI_003', { file: path });
  for (const { path, text } of files) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text, { flag: 'wx' });
  }
}

const text = (value: string): string => `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
const example = (pattern: string): string => pattern.replaceAll('*', '') || 'ANY';

function profileText(name: string, application: string, facility: string): string {
  return `import { defineSourceProfile } from 'aorta/hl7';

/** How messages of this sender are read. Raise \`version\` with a change that earlier records must not see. */
export default defineSourceProfile({
  name: '${name}',
  version: 1,
  sender: { application: ${text(application)}, facility: ${text(facility)} },
  // zone: 'Europe/Vienna',
  // charset: { default: 'UNICODE UTF-8' },
  // authorities: { MRN: 'urn:oid:1.2.3' },
  // identifierTypes: { PI: 'MR' },
  // events: { A08: { as: 'A02', when: { path: 'PV1-6', is: 'valued' } } },
  // fields: [{ copy: 'PV1-50', to: 'PV1-19' }],
  // segments: { ZIN: { extensions: [{ from: 'ZIN-2.1', of: 'Patient', url: 'https://example.org/insurance-class', type: 'code' }] } },
  samples: [
    {
      file: '${name}/admission.hl7',
      expect: {
        ack: 'AA',
        event: 'A01',
        occurredAt: '2026-07-04T22:15:00Z',
        identifiers: [{ system: 'urn:id:MRN', value: '4711' }],
        class: 'I',
        location: { ward: 'W1', room: '101', bed: 'A' },
        fields: { 'PV1-19.1': 'V1' },
      },
    },
  ],
});
`;
}

function sampleText(application: string, facility: string): string {
  return [
    `MSH|^~\\&|${example(application)}|${example(facility)}|AORTA|HUB|20260704221600||ADT^A01^ADT_A01|1|P|2.5.1||||||UNICODE UTF-8`,
    'EVN|A01|20260704221500',
    'PID|1||4711^^^MRN^MR||Sample^Sam||19800102|M',
    `PV1|1|I|W1^101^A${'|'.repeat(16)}V1`,
    '',
  ].join('\n');
}
