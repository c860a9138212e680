import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { error } from '../../errors/index.ts';

const run = promisify(execFile);

type Options = { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv; readonly uid?: number; readonly gid?: number };

/** The absolute path of a command, undefined when it is not on PATH. */
export function which(command: string): string | undefined {
  for (const dir of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(dir, command);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this directory.
    }
  }
  return undefined;
}

/** Runs a command to its end; a failure becomes AORTA_SVC_003 with the last line it said. */
export async function execute(command: string, args: readonly string[], options: Options = {}, input = ''): Promise<string> {
  try {
    const running = run(command, args, { maxBuffer: 64 * 1024 * 1024, ...options, encoding: 'utf8' });
    // A command that does not read its input closes it before or while we write.
    running.child.stdin?.on('error', () => undefined).end(input);
    return (await running).stdout;
  } catch (thrown) {
    const failed = thrown as Error & { stderr?: string; stdout?: string };
    // biome-ignore lint/suspicious/noControlCharactersInRegex: terminal colours start with ESC.
    const plain = `${failed.stderr ?? ''}\n${failed.stdout ?? ''}`.replace(/\u001b\[\d*m/g, '');
    const said = plain.split('\n').filter((line) => line.trim() !== '');
    throw error('AORTA_SVC_003', { command, problem: (said.at(0) ?? failed.message).trim().slice(0, 300) }, { cause: thrown });
  }
}

// One apt at a time: its own lock makes a second one fail at once.
let apt: Promise<unknown> = Promise.resolve();

/**
 * The path that `find` gives; when there is none, installs the Debian package (root and apt-get only) and asks again.
 * Throws AORTA_SVC_002, which names the package, when that is not possible.
 */
export async function need(
  what: string,
  debianPackage: string,
  find: () => string | undefined,
  say: (line: string) => void,
): Promise<string> {
  const found = find();
  if (found !== undefined) return found;
  if (process.getuid?.() === 0 && existsSync('/etc/debian_version') && which('apt-get') !== undefined) {
    apt = apt.then(() => (find() === undefined ? install(debianPackage, say) : undefined));
    await apt.catch((thrown: unknown) => {
      apt = Promise.resolve();
      throw error('AORTA_SVC_002', { what, package: debianPackage }, { cause: thrown });
    });
    const installed = find();
    if (installed !== undefined) return installed;
  }
  throw error('AORTA_SVC_002', { what, package: debianPackage });
}

async function install(debianPackage: string, say: (line: string) => void): Promise<void> {
  say(`installing ${debianPackage} (apt-get)`);
  // RUNLEVEL=1 keeps Debian's own copies of the daemons from starting: we run our own on our own ports.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  const install = () => execute('apt-get', ['install', '-y', '--no-install-recommends', debianPackage], { env });
  try {
    await install();
  } catch {
    await execute('apt-get', ['update', '-qq'], { env });
    await install();
  }
}
