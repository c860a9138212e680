import { outputOf, type Task } from '../contract/task.ts';
import { routes } from './event.ts';

/** The topic that an event goes to; undefined: it is dropped. */
export const destinationOf = (
  task: Pick<Task, 'work' | 'outputs' | 'workload'>,
  { event }: { readonly event: string },
): string | undefined => (task.work === 'route' ? task.outputs[routes[event] ?? ''] : outputOf(task));
