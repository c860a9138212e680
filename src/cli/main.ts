import { type ApplicationContext, buildApplication, buildRouteMap, run } from '@stricli/core';
import { exit, type Verb } from './verb.ts';
import { verbs } from './verbs/index.ts';

/**
 * Runs one command line. Only the file of the verb that was asked for is loaded, so that `aorta dev` does not
 * pay for the others; `--help`, an unknown verb and completion load them all.
 */
export async function main(argv: readonly string[]): Promise<void> {
  const wanted = argv[0] ?? '';
  const names = wanted in verbs ? [wanted] : Object.keys(verbs);
  const routes = Object.fromEntries(await Promise.all(names.map(async (name) => [name, (await verbs[name]?.())?.verb as Verb] as const)));
  const application = buildApplication(
    buildRouteMap({ routes, docs: { brief: 'Hospital data flows as short typed pipelines.', fullDescription: overview } }),
    {
      name: 'aorta',
      scanner: { caseStyle: 'allow-kebab-for-camel', allowArgumentEscapeSequence: true },
      documentation: { caseStyle: 'convert-camel-to-kebab', useAliasInUsageLine: false },
    },
  );
  await run(application, argv, { process: process as unknown as ApplicationContext['process'] });
  // Stricli reports wrong usage as a negative number.
  if (Number(process.exitCode ?? 0) < 0) process.exitCode = exit.usage;
}

const overview = `Hospital data flows as short typed pipelines: one actor per patient, nothing lost, nothing applied twice,
nothing out of order for a patient.

Exit codes: ${Object.values(exit)
  .map((code) => `${code} ${exitMeaning(code)}`)
  .join(', ')}.
Every verb takes --json and --help. \`aorta explain <code>\` explains an error code.`;

function exitMeaning(code: number): string {
  return ['done', 'failed (the message names a code)', 'wrong usage', 'a check found something wrong'][code] ?? '';
}
