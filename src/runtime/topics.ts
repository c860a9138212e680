import { topics } from '../../schemas/topics.ts';

/** Topics that ingress writes: they exist before any flow reads them. */
export const ingressTopics = [topics.adt, topics.oru] as const;
