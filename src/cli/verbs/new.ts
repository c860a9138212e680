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

export const verb = buildRouteMap({ routes: { topology }, docs: { brief: 'Write the first version of something' } });
