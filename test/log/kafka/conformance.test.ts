import { logConformance } from '../conformance.ts';
import { openLog, removeTopics } from './support.ts';

logConformance('Kafka', async () => ({ open: async () => openLog(), remove: removeTopics }));
