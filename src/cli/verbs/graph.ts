import { command, print, printJson } from '../verb.ts';

const formats = ['mermaid', 'json', 'text'] as const;

export const verb = command({
  docs: {
    brief: 'Draw a flow, or all flows',
    fullDescription: `mermaid: a diagram, coloured by the guarantee of each path. json: the graph and its hash as data. text: for the terminal.

Example:
  aorta graph adt-admissions --format mermaid > flow.mmd

Exit codes: 0 drawn, 1 no such flow, or a topology cannot be loaded.`,
  },
  parameters: {
    positional: { kind: 'tuple', parameters: [{ brief: 'Name of the flow', parse: String, placeholder: 'flow', optional: true }] },
    flags: {
      format: { kind: 'enum', values: formats, brief: 'How to draw', default: 'mermaid' },
      json: { kind: 'boolean', brief: 'The same as --format json', default: false, withNegated: false },
    },
  },
  run: async (flags: { format: (typeof formats)[number]; json: boolean }, name?: string) => {
    const { loadTopologies, named } = await import('../topologies.ts');
    const { describe, describeText } = await import('../../flow/describe.ts');
    const { mermaid } = await import('../../flow/mermaid.ts');
    const all = await loadTopologies();
    const chosen = name === undefined ? all : [named(all, name)];
    if (flags.json || flags.format === 'json') {
      const described = chosen.map(({ file, flow }) => ({ file, ...describe(flow) }));
      return printJson(name === undefined ? { flows: described } : described[0]);
    }
    for (const { flow } of chosen) print((flags.format === 'text' ? describeText(flow) : mermaid(flow)).trimEnd());
  },
});
