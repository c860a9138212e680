import type { CodeableConcept, Period, Resource } from 'aorta/fhir';
import type { PendingTask } from './cards.ts';
import { named, plain } from './text.ts';

interface Task extends Resource {
  readonly status?: string;
  readonly code?: CodeableConcept;
  readonly description?: string;
  readonly restriction?: { readonly period?: Period };
}

const open = new Set(['requested', 'received', 'accepted', 'in-progress', 'ready', 'on-hold']);

/** Tasks that wait for somebody, overdue ones first. */
export function pendingTasks(tasks: readonly Resource[], now: number): readonly PendingTask[] {
  return (tasks as readonly Task[])
    .filter(({ status }) => open.has(status ?? ''))
    .map(({ code, description, restriction }) => ({
      title: description === undefined ? named(code) : plain(description),
      overdue: Date.parse(restriction?.period?.end ?? '') < now,
    }))
    .sort((a, b) => Number(b.overdue) - Number(a.overdue));
}
