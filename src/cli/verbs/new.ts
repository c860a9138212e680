import { buildRouteMap } from '@stricli/core';
import { command, jsonFlag, print, printJson } from '../verb.ts';

const topology = command({
  docs: {
    brief: 'Write a running topology with its schema and its test',
    fullDescription: `Writes topologies/<name>.ts, schemas/<name>.avsc with its generated types, and test/topologies/<name>.test.ts.
It reads patient.timeline, so that \`aorta dev\` has something for it at once: change it from there.

Example:
  aorta new topology bed-board --dry-run

Exit codes: 0 written, 1 a file exists already, or the name is not valid.`,
  },
  parameters: {
    positional: { kind: 'tuple', parameters: [{ brief: 'Lower-case letters, digits and dashes', parse: String, placeholder: 'name' }] },
    flags: { dryRun: { kind: 'boolean', brief: 'Only list the files', default: false, withNegated: false }, json: jsonFlag },
  },
  run: async (flags: { dryRun: boolean; json: boolean }, name: string) => {
    const { scaffoldFiles, writeScaffold } = await import('../scaffold.ts');
    const { projectRoot } = await import('../project.ts');
    const files = scaffoldFiles(name);
    if (!flags.dryRun) await writeScaffold(projectRoot(), files);
    if (flags.json) return printJson({ written: !flags.dryRun, files: files.map(({ path }) => path) });
    for (const { path } of files) print(`${flags.dryRun ? 'would write' : 'wrote'} ${path}`);
    if (!flags.dryRun) print(`next: npm test -- test/topologies/${name}.test.ts, then \`aorta graph ${name}\` and \`aorta dev\``);
  },
});

const source = command({
  docs: {
    brief: 'Write a source profile for a sender of HL7, with a sample',
    fullDescription: `Writes sources/<name>.ts, a profile that changes nothing yet, and sources/<name>/admission.hl7, the message that \`aorta check\`
runs. Replace it by what the sender really sends (synthetic patients only), and say what must come of it.

Example:
  aorta new source west-campus --application EPIC --facility 'WEST*'

Exit codes: 0 written, 1 a file exists already, or the name is not valid.`,
  },
  parameters: {
    positional: { kind: 'tuple', parameters: [{ brief: 'Lower-case letters, digits and dashes', parse: String, placeholder: 'name' }] },
    flags: {
      application: { kind: 'parsed', parse: String, brief: 'Sending application (MSH-3)', default: '*', placeholder: 'name' },
      facility: { kind: 'parsed', parse: String, brief: 'Sending facility (MSH-4)', default: '*', placeholder: 'name' },
      dryRun: { kind: 'boolean', brief: 'Only list the files', default: false, withNegated: false },
      json: jsonFlag,
    },
  },
  run: async (flags: { application: string; facility: string; dryRun: boolean; json: boolean }, name: string) => {
    const { sourceScaffold, writeSource } = await import('../scaffold-source.ts');
    const { projectRoot } = await import('../project.ts');
    const files = sourceScaffold({ name, application: flags.application, facility: flags.facility });
    if (!flags.dryRun) await writeSource(projectRoot(), files);
    if (flags.json) return printJson({ written: !flags.dryRun, files: files.map(({ path }) => path) });
    for (const { path } of files) print(`${flags.dryRun ? 'would write' : 'wrote'} ${path}`);
    if (!flags.dryRun) print('next: `aorta check`');
  },
});

export const verb = buildRouteMap({ routes: { topology, source }, docs: { brief: 'Write the first version of something' } });
