import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Workload } from './workload.ts';

const folder = join(import.meta.dirname, '../workloads');

/** The order of help and report; others follow by name. */
const order = ['passthrough', 'adt', 'patient-state', 'enrich', 'effects', 'latency'];
const place = ({ name }: Workload): number => {
  const at = order.findIndex((family) => inFamily(name, family));
  return at < 0 ? order.length : at;
};

/** Every workload of `workloads/`. */
export async function loadWorkloads(): Promise<readonly Workload[]> {
  const files = readdirSync(folder).filter((file) => file.endsWith('.ts'));
  const modules = await Promise.all(files.map((file) => import(pathToFileURL(join(folder, file)).href) as Promise<Exports>));
  return modules.flatMap(({ workloads }) => workloads).sort((a, b) => place(a) - place(b) || a.name.localeCompare(b.name));
}

interface Exports {
  readonly workloads: readonly Workload[];
}

const inFamily = (name: string, family: string): boolean => name === family || name.startsWith(`${family}-`);

/** `all`, a name, or a family: `enrich` is `enrich-1`, `enrich-12` and so on. Empty: there is none. */
export function selected(all: readonly Workload[], name: string): readonly Workload[] {
  if (name === 'all') return all;
  const exact = all.filter((workload) => workload.name === name);
  return exact.length > 0 ? exact : all.filter((workload) => inFamily(workload.name, name));
}
