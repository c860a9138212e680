import { command, exit, jsonFlag, print, printJson } from '../verb.ts';

export const verb = command({
  docs: {
    brief: 'Look whether this machine has what Aorta needs',
    fullDescription: `Node, Java, Maven, Redis and PostgreSQL for the local services, free ports for \`aorta dev\`, services that answer, and the clock.

Example:
  aorta doctor

Exit codes: 0 nothing is wrong (there may be remarks), 3 something must be mended.`,
  },
  parameters: { flags: { json: jsonFlag } },
  run: async (flags: { json: boolean }) => {
    const { examine } = await import('../doctor.ts');
    const findings = await examine();
    if (flags.json) printJson({ findings });
    else for (const { state, subject, says } of findings) print(`${state.padEnd(6)} ${subject.padEnd(10)} ${says}`);
    return findings.some(({ state }) => state === 'wrong') ? exit.found : exit.done;
  },
});
