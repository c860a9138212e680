/** The subject of a topic's values: Confluent's TopicNameStrategy. */
export const subjectOf = (topic: string): string => `${topic}-value`;
