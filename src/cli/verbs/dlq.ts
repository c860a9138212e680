import { buildRouteMap } from '@stricli/core';
import { type OpsFlags, ops, opsFlags } from '../ops.ts';
import { rowsOf, table } from '../table.ts';
import { command, exit, jsonFlag, print, printJson, say } from '../verb.ts';

const flow = { brief: 'Name of the flow', parse: String, placeholder: 'flow' } as const;
const dryRun = { kind: 'boolean', brief: 'Change nothing', default: false, withNegated: false } as const;

interface Brake {
  readonly flow: string;
  readonly reason: string;
  readonly deadLetters: number;
  readonly records: number;
}

interface LsFlags extends OpsFlags {
  readonly flow?: string;
  readonly limit: number;
  readonly all: boolean;
  readonly json: boolean;
}

const ls = command({
  docs: {
    brief: 'List dead letters of tolerant flows',
    fullDescription: `Newest first: where each came from, at which operator it failed, and why. Those that an operator took are left out,
unless --all. Says which flows stand still because their dead-letter brake is on.

Example:
  aorta dlq ls --flow adt-admissions

Exit codes: 0 listed, 1 no instance runs, 3 a brake is on.`,
  },
  parameters: {
    flags: {
      flow: { kind: 'parsed', parse: String, brief: 'One flow', optional: true, placeholder: 'flow' },
      limit: { kind: 'parsed', parse: Number, brief: 'How many', default: '50', placeholder: 'n' },
      all: { kind: 'boolean', brief: 'Also those that were taken', default: false, withNegated: false },
      ...opsFlags,
      json: jsonFlag,
    },
  },
  run: async (flags: LsFlags) => {
    const query = new URLSearchParams({
      limit: String(flags.limit),
      ...(flags.all ? { all: 'true' } : {}),
      ...(flags.flow === undefined ? {} : { flow: flags.flow }),
    });
    const answer = (await ops(flags, 'GET', `/api/ops/dlq?${query}`)) as { letters: []; brakes: readonly Brake[] };
    if (flags.json) printJson(answer);
    else print(table(answer.letters, 'there are no dead letters'));
    for (const brake of answer.brakes) {
      say(
        `${brake.flow} stands still: ${brake.deadLetters} dead letters of ${brake.records} records (${brake.reason}); mend the cause, then \`aorta dlq release ${brake.flow}\``,
      );
    }
    return answer.brakes.length > 0 ? exit.found : exit.done;
  },
});

const show = command({
  docs: {
    brief: 'Show one dead letter',
    fullDescription: `Metadata only; \`aorta topic tail <flow>.dlq\` shows contents to those who may see them.

Example:
  aorta dlq show adt-admissions 3-17

Exit codes: 0 shown, 1 no instance runs, or there is no such dead letter.`,
  },
  parameters: {
    positional: { kind: 'tuple', parameters: [flow, { brief: 'Id: partition-offset', parse: String, placeholder: 'id' }] },
    flags: { ...opsFlags, json: jsonFlag },
  },
  run: async (flags: OpsFlags & { json: boolean }, name: string, id: string) => {
    const answer = (await ops(flags, 'GET', `/api/ops/dlq/${encodeURIComponent(name)}/${encodeURIComponent(id)}`)) as object;
    if (flags.json) return printJson(answer);
    for (const [field, value] of Object.entries(answer)) print(`${field}: ${value ?? '-'}`);
  },
});

interface RedriveFlags extends OpsFlags {
  readonly id?: readonly string[];
  readonly key?: string;
  readonly errorClass?: string;
  readonly all: boolean;
  readonly action: 'redrive' | 'discard';
  readonly force: boolean;
  readonly dryRun: boolean;
  readonly json: boolean;
}

const redrive = command({
  docs: {
    brief: 'Send dead letters through their flow again, or take them off the list',
    fullDescription: `Each becomes a new record at the end of the flow's source topic, with its event id; oldest first. A dead letter is
taken once, whoever asks again. What was redriven three times within a day and failed each time needs --force.
--dry-run only says which records it would be.

Example:
  aorta dlq redrive adt-admissions --error-class Permanent --dry-run

Exit codes: 0 requested, 1 no instance runs, or it refused, 3 some were left out (loop guard) or there are more.`,
  },
  parameters: {
    positional: { kind: 'tuple', parameters: [flow] },
    flags: {
      id: {
        kind: 'parsed',
        parse: String,
        brief: 'One dead letter; may be repeated',
        variadic: true,
        optional: true,
        placeholder: 'partition-offset',
      },
      key: { kind: 'parsed', parse: String, brief: 'Those of one patient', optional: true, placeholder: 'patient' },
      errorClass: { kind: 'parsed', parse: String, brief: 'Those that failed with this class', optional: true, placeholder: 'class' },
      all: { kind: 'boolean', brief: 'All of the flow', default: false, withNegated: false },
      action: { kind: 'enum', values: ['redrive', 'discard'], brief: 'Try again, or take off the list', default: 'redrive' },
      force: { kind: 'boolean', brief: 'Also what failed again and again', default: false, withNegated: false },
      dryRun,
      ...opsFlags,
      json: jsonFlag,
    },
  },
  run: async (flags: RedriveFlags, name: string) => {
    const { id, key, errorClass, all, action, force } = flags;
    const answer = (await ops(flags, 'POST', '/api/ops/dlq/redrive', {
      flow: name,
      action,
      dryRun: flags.dryRun,
      ...(id && id.length > 0 ? { ids: id } : {}),
      ...(key === undefined ? {} : { key }),
      ...(errorClass === undefined ? {} : { errorClass }),
      ...(all ? { all } : {}),
      ...(force ? { force } : {}),
    })) as { letters: []; guarded: number; more: boolean };
    if (flags.json) printJson(answer);
    else print(table(rowsOf(answer), 'no dead letter matches, or all are taken'));
    if (answer.guarded > 0) say(`${answer.guarded} left out: redriven three times within a day and back; --force takes them too`);
    if (answer.more) say('there are more: ask again');
    return answer.guarded > 0 || answer.more ? exit.found : exit.done;
  },
});

const release = command({
  docs: {
    brief: 'Release the dead-letter brake of a flow',
    fullDescription: `The flow goes on where it stood, on all workers, within about a second. Mend the cause first: it brakes again.

Example:
  aorta dlq release adt-admissions

Exit codes: 0 released, 1 no instance runs, or the brake is not on.`,
  },
  parameters: { positional: { kind: 'tuple', parameters: [flow] }, flags: { dryRun, ...opsFlags, json: jsonFlag } },
  run: async (flags: OpsFlags & { dryRun: boolean; json: boolean }, name: string) => {
    const answer = (await ops(flags, 'POST', '/api/ops/dlq/release', { flow: name, dryRun: flags.dryRun })) as { brake: Brake };
    if (flags.json) return printJson(answer);
    const { reason, deadLetters, records } = answer.brake;
    print(`${flags.dryRun ? 'would release' : 'released'} ${name}: ${deadLetters} dead letters of ${records} records (${reason})`);
  },
});

export const verb = buildRouteMap({
  routes: { ls, show, redrive, release },
  docs: { brief: 'Dead letters of tolerant flows, and the brake that they put on' },
});
