import type { Finding } from '../../flow/lint.ts';
import { projectRoot } from '../project.ts';
import { command, exit, jsonFlag, print, printJson } from '../verb.ts';

export const verb = command({
  docs: {
    brief: 'Check the configuration, every topology, its schemas and CDS services before they run',
    fullDescription: `Reads the configuration, loads topologies/*.ts, lints all flows together (also circles between them), and looks that the generated types
fit the schemas; lints cds-services/*.ts, and compares the scopes registered at EHRs with what is read and written. Each finding names a code, a file and a line; \`aorta explain <code>\` tells more.

Example:
  aorta check --json

Exit codes: 0 nothing but notes and warnings, 1 the configuration or a topology cannot be loaded, 3 errors (with --strict also warnings).`,
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
    const { loadCdsServices } = await import('../../runtime/cds.ts');
    const { lintCds } = await import('../../cds/index.ts');
    const { accessOf, scopeFindings } = await import('../../runtime/scopes.ts');
    const { ehrs = {} } = await loadConfig(flags.config);
    const topologies = await loadTopologies();
    const findings = lint(topologies.map(({ flow }) => flow));
    const services = await loadCdsServices(projectRoot());
    const edge = [...lintCds(services), ...scopeFindings(ehrs, accessOf(services))];
    const stale = await staleSchemas();
    const wrong = stale.length > 0 || edge.length > 0 || findings.some((finding) => fails(finding, flags.strict));
    if (flags.json) {
      printJson({
        flows: topologies.map(({ file, flow }) => ({ file, flow: flow.name })),
        findings,
        stale,
        cds: { services: services.map(({ id, hook }) => ({ id, hook })), findings: edge },
      });
    } else {
      for (const finding of findings) print(findingText(finding));
      for (const { message } of edge) print(`error  ${message}`);
      for (const file of stale) print(`${file} does not fit its schema: run \`aorta schema gen\``);
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
