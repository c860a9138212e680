import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Study } from './study.ts';
import type { Workload } from './workload.ts';

const folder = join(import.meta.dirname, '../workloads');

/** The order of help and report; others follow by name. */
const order = [
  'passthrough',
  'chain',
  'adt',
  'patient-state',
  'enrich',
  'effects',
  'lag-recovery',
  'latency',
  'cds',
  'mllp',
  'rebalance',
  'growth',
  'codec',
  'slow-sink',
];
const place = ({ name }: Pick<Workload, 'name'>): number => {
  const at = order.findIndex((family) => inFamily(name, family));
  return at < 0 ? order.length : at;
};

/** Every workload of `workloads/` that is rounds of peers on a backlog. */
export const loadWorkloads = async (): Promise<readonly Workload[]> => sorted((await loaded()).flatMap(({ workloads = [] }) => workloads));

/** Every workload of `workloads/` that measures in its own way. */
export const loadStudies = async (): Promise<readonly Study[]> => sorted((await loaded()).flatMap(({ studies = [] }) => studies));

const sorted = <W extends Pick<Workload, 'name'>>(all: readonly W[]): readonly W[] =>
  [...all].sort((a, b) => place(a) - place(b) || a.name.localeCompare(b.name, 'en', { numeric: true }));

function loaded(): Promise<readonly Exports[]> {
  const files = readdirSync(folder).filter((file) => file.endsWith('.ts'));
  return Promise.all(files.map((file) => import(pathToFileURL(join(folder, file)).href) as Promise<Exports>));
}

interface Exports {
  readonly workloads?: readonly Workload[];
  readonly studies?: readonly Study[];
}

const inFamily = (name: string, family: string): boolean => name === family || name.startsWith(`${family}-`);

/** `all`, a name, or a family: `enrich` is `enrich-1`, `enrich-12` and so on. Empty: there is none. */
export function selected<W extends Pick<Workload, 'name'>>(all: readonly W[], name: string): readonly W[] {
  if (name === 'all') return all;
  const exact = all.filter((workload) => workload.name === name);
  return exact.length > 0 ? exact : all.filter((workload) => inFamily(workload.name, name));
}
