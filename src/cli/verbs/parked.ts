import { buildRouteMap, numberParser } from '@stricli/core';
import { type OpsFlags, ops, opsFlags } from '../ops.ts';
import { rowsOf, table } from '../table.ts';
import { command, exit, jsonFlag, print, printJson, say } from '../verb.ts';

const flow = { brief: 'Name of the flow', parse: String, placeholder: 'flow' } as const;
const key = { brief: 'Patient id', parse: String, placeholder: 'patient' } as const;
const actions = ['redrive', 'single', 'discard'] as const;

const ls = command({
  docs: {
    brief: 'List patients that are held or parked',
    fullDescription: `One line a patient: its flow, how many envelopes wait, and why the first one does.

Example:
  aorta parked ls

Exit codes: 0 listed, 1 no instance runs.`,
  },
  parameters: { flags: { ...opsFlags, json: jsonFlag } },
  run: async (flags: OpsFlags & { json: boolean }) => {
    const answer = await ops(flags, 'GET', '/api/ops/parked');
    if (flags.json) return printJson(answer);
    print(table(rowsOf(answer), 'no patient is held'));
  },
});

const show = command({
  docs: {
    brief: 'Show the envelopes of one held patient',
    fullDescription: `Metadata only, in the order in which they will run; the first one decides.

Example:
  aorta parked show adt-admissions 01JZ3P9GJ5M4VQ8X2N7C6K1BTD

Exit codes: 0 shown, 1 no instance runs, or the patient is not held.`,
  },
  parameters: { positional: { kind: 'tuple', parameters: [flow, key] }, flags: { ...opsFlags, json: jsonFlag } },
  run: async (flags: OpsFlags & { json: boolean }, name: string, patient: string) => {
    const answer = await ops(flags, 'GET', `/api/ops/parked/${encodeURIComponent(name)}/${encodeURIComponent(patient)}`);
    if (flags.json) return printJson(answer);
    print(table(rowsOf(answer), 'the patient is not held'));
  },
});

interface RedriveFlags extends OpsFlags {
  readonly key?: string;
  readonly errorClass?: string;
  readonly head?: number;
  readonly action: (typeof actions)[number];
  readonly force: boolean;
  readonly dryRun: boolean;
  readonly json: boolean;
}

const redrive = command({
  docs: {
    brief: 'Try the first envelope of held patients again, or discard it',
    fullDescription: `Always takes a patient's first envelope, so that its order is kept. Without --key: every patient of the flow whose
first envelope matches --error-class (or any). --action single runs the first envelope and leaves what is behind it parked;
--action discard drops it, on the record. What was redriven three times within a day and failed each time needs --force.
--head names the envelope that you saw (column head of aorta parked ls): if another one is first by now, nothing is done.
--dry-run only says which patients it would be.

Example:
  aorta parked redrive adt-admissions --error-class Transient --dry-run

Exit codes: 0 requested, 1 no instance runs, or it refused, 3 some were left out (loop guard) or there are more.`,
  },
  parameters: {
    positional: { kind: 'tuple', parameters: [flow] },
    flags: {
      key: { kind: 'parsed', parse: String, brief: 'One patient', optional: true, placeholder: 'patient' },
      errorClass: { kind: 'parsed', parse: String, brief: 'Only heads that failed with this class', optional: true, placeholder: 'class' },
      head: { kind: 'parsed', parse: numberParser, brief: 'Only if this is still the first envelope', optional: true, placeholder: 'head' },
      action: { kind: 'enum', values: actions, brief: 'Try again, try the first alone, or discard it', default: 'redrive' },
      force: { kind: 'boolean', brief: 'Also what failed again and again', default: false, withNegated: false },
      dryRun: { kind: 'boolean', brief: 'Change nothing', default: false, withNegated: false },
      ...opsFlags,
      json: jsonFlag,
    },
  },
  run: async (flags: RedriveFlags, name: string) => {
    const { key, errorClass, head, action, dryRun, force } = flags;
    const answer = (await ops(flags, 'POST', '/api/ops/parked/redrive', {
      flow: name,
      action,
      dryRun,
      ...(key === undefined ? {} : { key }),
      ...(errorClass === undefined ? {} : { errorClass }),
      ...(head === undefined ? {} : { head }),
      ...(force ? { force } : {}),
    })) as { guarded?: number; remaining?: number };
    if (flags.json) printJson(answer);
    else print(table(rowsOf(answer), dryRun ? 'no patient matches' : 'requested; `aorta parked ls` shows what is left'));
    const { guarded = 0, remaining = 0 } = answer;
    if (guarded > 0) say(`${guarded} left out: redriven three times within a day and back; --force takes them too`);
    if (remaining > 0) say(`${remaining} more match: ask again`);
    return guarded > 0 || remaining > 0 ? exit.found : exit.done;
  },
});

export const verb = buildRouteMap({ routes: { ls, show, redrive }, docs: { brief: 'Patients that wait for a retry or for an operator' } });
