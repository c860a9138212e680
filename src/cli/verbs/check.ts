import type { Finding } from '../../flow/lint.ts';
import { projectRoot } from '../project.ts';
import { command, exit, jsonFlag, print, printJson } from '../verb.ts';

export const verb = command({
  docs: {
    brief: 'Check the configuration, source profiles with their samples, every topology, its schemas and CDS services before they run',
    fullDescription: `Reads the configuration, loads sources/*.ts and runs the samples of each profile as ingress would take them, loads topologies/*.ts,
lints all flows together (also circles between them), and looks that the generated types fit the schemas; lints cds-services/*.ts, and compares the
scopes registered at EHRs with what is read and written. Each finding names a code, a file and a line; \`aorta explain <code>\` tells more.

Example:
  aorta check --json

Exit codes: 0 nothing but notes and warnings, 1 the configuration, a profile or a topology cannot be loaded, 3 errors (with --strict also
warnings), samples with another outcome than expected, stale files.`,
  },
  parameters: {
    flags: {
      strict: { kind: 'boolean', brief: 'Warnings count as errors', default: false, withNegated: false },
      config: {
        kind: 'parsed',
        parse: String,
        brief: 'Configuration file, instead of aorta.config.ts',
        optional: true,
        placeholder: 'file',
      },
      json: jsonFlag,
    },
  },
  run: async (flags: { strict: boolean; json: boolean; config?: string }) => {
    const { loadTopologies } = await import('../topologies.ts');
    const { findingText, lint } = await import('../../flow/lint.ts');
    const { staleSchemas } = await import('../schemas.ts');
    const { loadConfig } = await import('../../runtime/config.ts');
    const config = await loadConfig(flags.config);
    const { readSources } = await import('../sources.ts');
    const { differenceText, runSamples } = await import('../samples.ts');
    const { createSources } = await import('../../hl7/index.ts');
    const given = await readSources();
    const sources = createSources(given, { strict: config.strictSenders ?? false });
    const defaults = { zone: config.zone ?? 'UTC', identifierSystems: config.identifierSystems ?? {} };
    const samples = await runSamples(projectRoot(), given, sources, defaults);
    const failed = samples.filter(({ passed }) => !passed);
    const { loadCdsServices } = await import('../../runtime/cds.ts');
    const { lintCds } = await import('../../cds/index.ts');
    const { accessOf, scopeFindings } = await import('../../runtime/scopes.ts');
    const topologies = await loadTopologies();
    const findings = lint(topologies.map(({ flow }) => flow));
    const services = await loadCdsServices(projectRoot());
    const edge = [...lintCds(services), ...scopeFindings(config.ehrs ?? {}, accessOf(services))];
    const stale = await staleSchemas();
    const wrong = stale.length > 0 || failed.length > 0 || edge.length > 0 || findings.some((finding) => fails(finding, flags.strict));
    if (flags.json) {
      const profiles = sources.list.map(({ profile, hash }) => {
        const { file } = given.find(({ versions }) => versions[0]?.name === profile.name) ?? { file: '' };
        return { file, name: profile.name, version: profile.version, sender: profile.sender, hash };
      });
      printJson({
        flows: topologies.map(({ file, flow }) => ({ file, flow: flow.name })),
        findings,
        stale,
        sources: { hash: sources.hash, strict: sources.strict, profiles, samples },
        cds: { services: services.map(({ id, hook }) => ({ id, hook })), findings: edge },
      });
    } else {
      for (const finding of findings) print(findingText(finding));
      for (const { message } of edge) print(`error  ${message}`);
      for (const file of stale) print(`${file} does not fit its schema: run \`aorta schema gen\``);
      for (const { file, profile, differences } of failed) print([`${file} (${profile}):`, ...differences.map(differenceText)].join('\n'));
      if (sources.list.length > 0)
        print(
          `${counted(sources.list.length, 'source profile')}, ${counted(samples.length, 'sample')}${failed.length > 0 ? `, ${failed.length} failed` : ''}`,
        );
      print(
        `${topologies.length} topologies, ${services.length} CDS services, ${findings.length + edge.length} findings${stale.length > 0 ? `, ${stale.length} stale files` : ''}`,
      );
    }
    return wrong ? exit.found : exit.done;
  },
});

function fails({ severity }: Finding, strict: boolean): boolean {
  return severity === 'error' || (strict && severity === 'warning');
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
