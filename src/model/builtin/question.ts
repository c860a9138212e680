import type { FactTopic } from '../port.ts';

const words: readonly (readonly [RegExp, readonly FactTopic[]])[] = [
  [/\b(labs?|laborator\w*|results?|blood|values?|tests?|abnormal\w*|laborwerte?|befunde?)\b/i, ['abnormal-result', 'result']],
  [/\b(medic\w*|drugs?|prescri\w*|orders?|tablets?|dos(?:e|es|age)|medikament\w*)\b/i, ['medication']],
  [/\b(allerg\w*|intoleran\w*|hypersensitiv\w*|unverträglich\w*)\b/i, ['allergy']],
  [/\b(problems?|conditions?|diagnos\w*|histor\w*|diseases?|comorbid\w*|vorerkrankung\w*)\b/i, ['problem']],
  [/\b(vitals?|pulse|heart rate|pressure|temperature|saturation|weight|bmi|vitalzeichen)\b/i, ['vital-sign']],
  [/\b(encounters?|visits?|admi\w*|stays?|wards?|discharges?|transfers?|aufenthalt\w*)\b/i, ['encounter', 'event']],
  [/\b(age|sex|gender|who is|alter)\b/i, ['patient']],
];

/** Topics that a question names; none: it asks for everything. A summary is everything, whatever else it names. */
export function topicsAsked(question: string): readonly FactTopic[] {
  if (/\b(summar\w*|overview|everything|zusammenfass\w*)\b/i.test(question)) return [];
  return [...new Set(words.flatMap(([pattern, topics]) => (pattern.test(question) ? topics : [])))];
}
