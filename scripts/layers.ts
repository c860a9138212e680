/**
 * `npm run check:layers`: runs dependency-cruiser with the rules of .dependency-cruiser.cjs.
 *
 * dependency-cruiser reads TypeScript through the compiler's API, which TypeScript 7 does not have, and JavaScript as
 * of 2020. So it is given a mirror of the sources that holds their imports only, in which `a.ts` is `a.ts.js` (an
 * import of './a.ts' finds it by the extension). Imports of types are written as `require(...)`, which our ES modules
 * have none of: so the rules can tell them from imports of values.
 */
import { cpSync, existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire, stripTypeScriptTypes } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parse } from 'acorn';
import { cruise } from 'dependency-cruiser';

export interface LayerViolation {
  readonly rule: string;
  readonly from: string;
  readonly to: string;
  readonly comment: string;
}

export interface LayerReport {
  readonly violations: readonly LayerViolation[];
  readonly modules: number;
}

const project = resolve(import.meta.dirname, '..');
const folders = ['bin', 'src', 'topologies', 'sources', 'cds-services', 'schemas', 'test', 'benchmarks', 'scripts'];

/** Checks the sources under `root` (this project, or a test's planted one). */
export async function checkLayers(root: string = project): Promise<LayerReport> {
  const mirror = mkdtempSync(join(tmpdir(), 'aorta-layers-'));
  const before = process.cwd();
  try {
    mirrorSources(root, mirror);
    // Rules and results speak of paths below the working directory.
    process.chdir(mirror);
    const rules = createRequire(import.meta.url)(join(project, '.dependency-cruiser.cjs'));
    const present = folders.filter((folder) => existsSync(join(mirror, folder)));
    const { options, ...ruleSet } = rules;
    const { enhancedResolveOptions, ...cruiseOptions } = options;
    const { output } = await cruise(present, { ...cruiseOptions, validate: true, ruleSet }, { ...enhancedResolveOptions, symlinks: false });
    if (typeof output === 'string') throw new Error('dependency-cruiser gave a text instead of its result');
    return { violations: output.summary.violations.map((v) => violation(v, ruleSet.forbidden)), modules: output.summary.totalCruised };
  } finally {
    process.chdir(before);
    rmSync(mirror, { recursive: true, force: true });
  }
}

interface RawViolation {
  readonly rule: { readonly name: string };
  readonly from: string;
  readonly to: string;
  readonly cycle?: readonly { readonly name: string }[];
}

function violation(raw: RawViolation, rules: readonly { name: string; comment: string }[]): LayerViolation {
  const to = raw.cycle === undefined ? raw.to : raw.cycle.map((step) => step.name).join(' → ');
  const plain = (path: string) => path.replace(/\.ts\.js\b/g, '.ts');
  return {
    rule: raw.rule.name,
    from: plain(raw.from),
    to: plain(to),
    comment: rules.find((rule) => rule.name === raw.rule.name)?.comment ?? '',
  };
}

function mirrorSources(root: string, mirror: string): void {
  for (const folder of folders) {
    for (const file of globSync(`${folder}/**/*.ts`, { cwd: root, exclude: (path) => path.includes('node_modules') })) {
      if (file.endsWith('.d.ts')) continue;
      const target = join(mirror, `${file}.js`);
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, onlyImports(readFileSync(join(root, file), 'utf8')));
    }
    for (const file of globSync(`${folder}/**/*.{json,js,cjs}`, { cwd: root })) {
      mkdirSync(dirname(join(mirror, file)), { recursive: true });
      cpSync(join(root, file), join(mirror, file));
    }
  }
  const manifest = readFileSync(join(existsSync(join(root, 'package.json')) ? root : project, 'package.json'), 'utf8');
  writeFileSync(join(mirror, 'package.json'), manifest.replace(/\.ts"/g, '.ts.js"'));
  symlinkSync(join(project, 'node_modules'), join(mirror, 'node_modules'));
}

/** What `source` imports, as the shortest module that imports the same. */
export function onlyImports(source: string): string {
  const stripped = stripTypeScriptTypes(source);
  const program = parse(stripped, { sourceType: 'module', ecmaVersion: 'latest' });
  return [...valueImports(program), ...typeImports(source, stripped)].join('\n');
}

function* valueImports(node: unknown): Generator<string> {
  if (typeof node !== 'object' || node === null) return;
  const { type, source } = node as { type?: string; source?: { value?: unknown } | null };
  if (typeof source?.value === 'string') {
    const name = JSON.stringify(source.value);
    yield type === 'ImportExpression' ? `import(${name});` : `import ${name};`;
  }
  for (const child of Object.values(node)) yield* valueImports(child);
}

const typeImport = /\b(?:import|export)\s+type\b[^;'"]*?\bfrom\s*(['"])([^'"]+)\1|\bimport\(\s*(['"])([^'"]+)\3\s*\)/g;

function* typeImports(source: string, stripped: string): Generator<string> {
  for (const match of source.matchAll(typeImport)) {
    // Stripping leaves blanks in place: what is still there is a comment, a string, or a dynamic import of a value.
    const gone = stripped.slice(match.index, match.index + 6).trim() === '';
    // A comment between types goes with them.
    const line = source.slice(source.lastIndexOf('\n', match.index) + 1, match.index);
    if (gone && !/^\s*\/?\*|\/\//.test(line)) yield `require(${JSON.stringify(match[2] ?? match[4])});`;
  }
}

if (import.meta.main) {
  const { violations, modules } = await checkLayers();
  for (const v of violations) process.stdout.write(`${v.from} → ${v.to}\n  ${v.rule}: ${v.comment}\n`);
  process.stdout.write(`layers: ${modules} modules, ${violations.length} violations\n`);
  process.exitCode = violations.length === 0 ? 0 : 1;
}
