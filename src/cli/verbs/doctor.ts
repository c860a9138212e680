import { type OpsFlags, opsFlags } from '../ops.ts';
import { command, exit, jsonFlag, print, printJson } from '../verb.ts';

export const verb = command({
  docs: {
    brief: 'Look whether this machine has what Aorta needs, and what the running instance needs of you',
    fullDescription: `Node, Java, Maven, Redis and PostgreSQL for the local services, free ports for \`aorta dev\`, services that answer, and the clock.
Of the running instance: how much is parked, quarantined and dead-lettered, flows whose brake is on, topics that keep too little.

Example:
  aorta doctor

Exit codes: 0 nothing is wrong (there may be remarks), 3 something must be mended.`,
  },
  parameters: { flags: { ...opsFlags, json: jsonFlag } },
  run: async (flags: OpsFlags & { json: boolean }) => {
    const { examine } = await import('../doctor.ts');
    const findings = await examine(flags);
    if (flags.json) printJson({ findings });
    else for (const { state, subject, says } of findings) print(`${state.padEnd(6)} ${subject.padEnd(10)} ${says}`);
    return findings.some(({ state }) => state === 'wrong') ? exit.found : exit.done;
  },
});
