import { type OpsFlags, ops, opsFlags } from '../ops.ts';
import { rowsOf } from '../table.ts';
import { command, jsonFlag, print, printJson } from '../verb.ts';

export const verb = command({
  docs: {
    brief: 'Say why a patient or a partition waits',
    fullDescription: `Asks the running instance. A number is a partition; anything else is a patient id.

Example:
  aorta why 01JZ3P9GJ5M4VQ8X2N7C6K1BTD

Exit codes: 0 answered (also when nothing waits), 1 no instance runs, 3 something is past its bound.`,
  },
  parameters: {
    positional: {
      kind: 'tuple',
      parameters: [{ brief: 'Partition number or patient id', parse: String, placeholder: 'partition|patient' }],
    },
    flags: { ...opsFlags, json: jsonFlag },
  },
  run: async (flags: OpsFlags & { json: boolean }, subject: string) => {
    const kind = /^\d+$/.test(subject) ? 'partition' : 'patient';
    const answer = await ops(flags, 'GET', `/api/ops/why?${kind}=${encodeURIComponent(subject)}`);
    const waits = rowsOf(answer);
    if (flags.json) printJson(answer);
    else if (waits.length === 0) print('nothing waits');
    else
      for (const wait of waits)
        print(`${[wait['flow'], `${wait['topic']}/${wait['partition']}`, wait['reason']].filter(Boolean).join(' ')}: ${wait['message']}`);
    return waits.some((wait) => wait['overdue'] === true) ? 3 : 0;
  },
});
