import { type BaseArgs, buildCommand, type Command, type CommandContext, type RouteMap, type TypedCommandParameters } from '@stricli/core';
import { AortaError, type ErrorSpec, errorTable } from '../errors/index.ts';

export type Verb = Command<CommandContext> | RouteMap<CommandContext>;

/** What a verb file exports under `verb`; loaded only when it is asked for. */
export interface VerbModule {
  readonly verb: Verb;
}

/** Exit codes of every verb. */
export const exit = { done: 0, failed: 1, usage: 2, found: 3 } as const;

/** The `--json` flag that every verb has. */
export const jsonFlag = { kind: 'boolean', brief: 'Print one JSON document on stdout', default: false, withNegated: false } as const;

interface CommandSpec<F extends { readonly json: boolean }, A extends BaseArgs> {
  readonly docs: { readonly brief: string; readonly fullDescription: string };
  readonly parameters: NoInfer<TypedCommandParameters<F, A, CommandContext>>;
  /** The work; gives the exit code where it is not 0. */
  readonly run: (flags: F, ...args: A) => Promise<number | undefined> | Promise<void>;
}

/** A verb. What it throws becomes two lines on stderr (with --json also a document on stdout) and exit code 1. */
export function command<F extends { readonly json: boolean }, A extends BaseArgs = []>(spec: CommandSpec<F, A>): Command<CommandContext> {
  return buildCommand<F, A, CommandContext>({
    docs: spec.docs,
    parameters: spec.parameters,
    func: async (flags, ...args) => {
      try {
        process.exitCode = (await spec.run(flags, ...args)) ?? exit.done;
      } catch (thrown) {
        report(thrown, flags.json);
        process.exitCode = exit.failed;
      }
    },
  });
}

export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Progress and remarks: stderr, so that stdout stays what was asked for. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value));
}

function report(thrown: unknown, json: boolean): void {
  const ours = thrown instanceof AortaError ? thrown : undefined;
  const remedy = ours === undefined ? undefined : remedyOf(ours);
  if (json) printJson({ error: { code: ours?.code ?? 'DEFECT', class: ours?.class ?? 'Defect', message: messageOf(thrown), remedy } });
  say(`aorta: ${ours === undefined && thrown instanceof Error ? thrown.stack : messageOf(thrown)}`);
  if (remedy !== undefined) say(`       ${remedy}`);
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

function remedyOf(ours: AortaError): string | undefined {
  const spec = (errorTable as Record<string, ErrorSpec>)[ours.code];
  return spec?.remedy.replace(/\{(\w+)\}/g, (_, name: string) => String(ours.details[name] ?? '?'));
}
