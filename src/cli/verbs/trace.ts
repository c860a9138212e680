import { type OpsFlags, ops, opsFlags } from '../ops.ts';
import { command, jsonFlag, print, printJson } from '../verb.ts';

interface Place {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly eventId: string;
}

interface Trace {
  readonly patient: string | null;
  readonly admittedAt: number | null;
  readonly flows: readonly {
    readonly flow: string;
    readonly source: readonly Place[];
    readonly settlements: readonly {
      readonly at: number;
      readonly partition: number;
      readonly offset: number;
      readonly settlement: { readonly kind: string };
    }[];
    readonly held: readonly { readonly source: string; readonly reason: string; readonly code: string | null; readonly attempt: number }[];
    readonly deadLetters: readonly {
      readonly id: string;
      readonly at: number;
      readonly code: string;
      readonly operator: string;
      readonly taken: string | null;
    }[];
    readonly emitted: readonly Place[];
  }[];
  readonly timeline: readonly { readonly type: string; readonly recordedAt: number }[];
  readonly redrives: readonly { readonly flow: string; readonly action: string; readonly actor: string; readonly at: number }[];
  readonly searched: { readonly recordsPerPartition: number };
}

const time = (at: number): string => new Date(at).toISOString();
const place = ({ topic, partition, offset }: Place): string => `${topic}/${partition}/${offset}`;

export const verb = command({
  docs: {
    brief: 'Say where an event went',
    fullDescription: `From admission through each flow: its place in the log, how it settled, what it emitted, whether it is held or a dead
letter, its timeline rows, and who redrove it. The newest records of each topic are looked through; what is older is only
known from the stores.

Example:
  aorta trace 01JZ3P9GJ5M4VQ8X2N7C6K1BTD

Exit codes: 0 found, 1 no instance runs, or nothing is known of the event.`,
  },
  parameters: {
    positional: { kind: 'tuple', parameters: [{ brief: 'Id of the event', parse: String, placeholder: 'eventId' }] },
    flags: { ...opsFlags, json: jsonFlag },
  },
  run: async (flags: OpsFlags & { json: boolean }, eventId: string) => {
    const answer = (await ops(flags, 'GET', `/api/ops/trace/${encodeURIComponent(eventId)}`)) as Trace;
    if (flags.json) return printJson(answer);
    if (answer.patient !== null) print(`patient ${answer.patient}`);
    if (answer.admittedAt !== null) print(`admitted ${time(answer.admittedAt)}`);
    for (const { flow, source, settlements, held, deadLetters, emitted } of answer.flows) {
      print(`${flow}:`);
      for (const each of source) print(`  read from ${place(each)}`);
      for (const { at, settlement, partition, offset } of settlements) print(`  ${settlement.kind} ${time(at)} (${partition}/${offset})`);
      for (const each of held) print(`  held (${each.code ?? each.reason}, attempt ${each.attempt}) from ${each.source}`);
      for (const { id, at, code, operator, taken } of deadLetters)
        print(`  dead letter ${id} ${time(at)} at ${operator} (${code})${taken === null ? '' : `, ${taken}`}`);
      for (const each of emitted) print(`  emitted ${each.eventId} to ${place(each)}`);
    }
    for (const { type, recordedAt } of answer.timeline) print(`timeline: ${type}, recorded ${time(recordedAt)}`);
    for (const { flow, action, actor, at } of answer.redrives) print(`${action} in ${flow} by ${actor} ${time(at)}`);
    print(`(looked through the newest ${answer.searched.recordsPerPartition} records of each partition)`);
  },
});
