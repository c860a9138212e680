import {
  type Application,
  type ApplicationContext,
  buildApplication,
  buildRouteMap,
  type CommandContext,
  proposeCompletions,
  run,
} from '@stricli/core';
import { exit, print, type Verb } from './verb.ts';
import { verbs } from './verbs/index.ts';

// Stricli's own type of `process` leaves no room for an exit code that is undefined.
const context = { process: process as unknown as ApplicationContext['process'] };

/**
 * Runs one command line. Only the file of the verb that was asked for is loaded, so that `aorta dev` does not
 * pay for the others; `--help`, an unknown verb and completion load them all.
 */
export async function main(argv: readonly string[]): Promise<void> {
  const [first = ''] = argv;
  // `aorta … | head` closes our stdout: what is left to say is dropped, what is to be done goes on.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', ignoreClosedPipe);
  if (first === '__complete') return complete(argv.slice(1));
  await run(await application(Object.hasOwn(verbs, first) ? [first] : Object.keys(verbs)), argv, context);
  // Stricli reports wrong usage as a negative number.
  if (Number(process.exitCode ?? 0) < 0) process.exitCode = exit.usage;
}

function ignoreClosedPipe(thrown: NodeJS.ErrnoException): void {
  if (thrown.code !== 'EPIPE') throw thrown;
}

/** What the scripts of `aorta completion` call: one proposal a line. */
async function complete(words: readonly string[]): Promise<void> {
  for (const { completion } of await proposeCompletions(await application(Object.keys(verbs)), words, context)) print(completion);
}

async function application(names: readonly string[]): Promise<Application<CommandContext>> {
  const routes: Record<string, Verb> = {};
  for (const name of names) {
    const module = await verbs[name]?.();
    if (module !== undefined) routes[name] = module.verb;
  }
  return buildApplication(
    buildRouteMap({ routes, docs: { brief: 'Hospital data flows as short typed pipelines.', fullDescription: overview } }),
    {
      name: 'aorta',
      scanner: { caseStyle: 'allow-kebab-for-camel', allowArgumentEscapeSequence: true },
      documentation: { caseStyle: 'convert-camel-to-kebab', useAliasInUsageLine: false },
    },
  );
}

const overview = `Hospital data flows as short typed pipelines: one actor per patient, nothing lost, nothing applied twice,
nothing out of order for a patient.

Exit codes: ${exit.done} done, ${exit.failed} failed (the message names a code), ${exit.usage} wrong usage, ${exit.found} a check found something wrong.
Every verb takes --json and --help. \`aorta explain <code>\` explains an error code.`;
