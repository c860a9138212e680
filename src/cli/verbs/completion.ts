import { command, print, printJson } from '../verb.ts';

const shells = ['bash', 'zsh', 'fish'] as const;

export const verb = command({
  docs: {
    brief: 'Print the completion script of a shell',
    fullDescription: `Example:
  eval "$(aorta completion bash)"

Exit codes: 0 printed.`,
  },
  parameters: {
    positional: { kind: 'tuple', parameters: [{ brief: 'bash, zsh or fish', parse: shell, placeholder: 'shell' }] },
    flags: { json: { kind: 'boolean', brief: 'Print it as JSON', default: false, withNegated: false } },
  },
  run: async (flags: { json: boolean }, name: (typeof shells)[number]) => {
    if (flags.json) printJson({ shell: name, script: scripts[name] });
    else print(scripts[name]);
  },
});

function shell(text: string): (typeof shells)[number] {
  const found = shells.find((name) => name === text);
  if (found === undefined) throw new Error(`'${text}' is not one of ${shells.join(', ')}`);
  return found;
}

const bash = `_aorta() {
  local IFS=$'\\n'
  COMPREPLY=($(aorta __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -F _aorta aorta`;

const scripts: Readonly<Record<(typeof shells)[number], string>> = {
  bash,
  zsh: `autoload -U +X bashcompinit && bashcompinit\n${bash}`,
  fish: `complete -c aorta -f -a '(aorta __complete (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'`,
};
