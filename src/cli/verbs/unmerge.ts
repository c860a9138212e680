import { type OpsFlags, ops, opsFlags } from '../ops.ts';
import { command, jsonFlag, print, printJson } from '../verb.ts';

interface UnmergeFlags extends OpsFlags {
  readonly survivor: string;
  readonly merged: string;
  readonly dryRun: boolean;
  readonly json: boolean;
}

interface Unmerged {
  readonly mergedAt: string;
  readonly identifiers: number;
}

export const verb = command({
  docs: {
    brief: 'Undo a merge of two patients',
    fullDescription: `Gives the merged patient its identifiers back, with everything that was its own and what came for it since.
Both ids are in Patient.link of either patient. Only the newest merge of a chain can be undone. Audited.
--dry-run only says what it would be.

Example:
  aorta unmerge --survivor 01JZ3P9GJ5M4VQ8X2N7C6K1BTD --merged 01JZ3PB0VX7R9T3H5S8E2W4YQA --dry-run

Exit codes: 0 undone (flows follow), 1 no instance runs, or it refused.`,
  },
  parameters: {
    flags: {
      survivor: { kind: 'parsed', parse: String, brief: 'Patient id that stayed', placeholder: 'patient' },
      merged: { kind: 'parsed', parse: String, brief: 'Patient id that was merged into it', placeholder: 'patient' },
      dryRun: { kind: 'boolean', brief: 'Change nothing', default: false, withNegated: false },
      ...opsFlags,
      json: jsonFlag,
    },
  },
  run: async (flags: UnmergeFlags) => {
    const { survivor, merged, dryRun } = flags;
    const answer = (await ops(flags, 'POST', '/api/ops/unmerge', { survivor, merged, dryRun })) as Unmerged;
    if (flags.json) return printJson(answer);
    const what = `${answer.identifiers} identifier${answer.identifiers === 1 ? '' : 's'}, merged at ${answer.mergedAt}`;
    print(dryRun ? `would give back ${what}` : `gave back ${what}; \`aorta why ${merged}\` shows what is still to do`);
  },
});
