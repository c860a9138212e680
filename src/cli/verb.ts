import type { Command, CommandContext, RouteMap } from '@stricli/core';
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

/** Wraps the work of a verb: errors become two lines on stderr (or JSON on stdout) and exit code 1. */
export function action<F extends { readonly json: boolean }, A extends readonly unknown[]>(
  work: (flags: F, ...args: A) => Promise<number | undefined> | Promise<void>,
): (this: CommandContext, flags: F, ...args: A) => Promise<void> {
  return async function run(flags, ...args) {
    try {
      process.exitCode = (await work(flags, ...args)) ?? exit.done;
    } catch (thrown) {
      report(thrown, flags.json);
      process.exitCode = exit.failed;
    }
  };
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
