import type { ModelRequest } from '../port.ts';

/**
 * Rules in the system message; facts and question in the user's, marked as data. What looks like a mark inside them is
 * taken out, so that a text cannot end its own block.
 */
export function messagesOf({
  prompt,
  facts,
  gaps,
  question,
}: ModelRequest): readonly { readonly role: string; readonly content: string }[] {
  const data = [
    '<facts>',
    ...facts.map(({ n, topic, text }) => `[${n}] (${topic}) ${plain(text)}`),
    '</facts>',
    ...(gaps.length === 0 ? [] : [`<not-read>${gaps.join(', ')}</not-read>`]),
    ...(question === undefined ? [] : [`<question>${plain(question)}</question>`]),
  ];
  return [
    { role: 'system', content: prompt.system },
    { role: 'user', content: data.join('\n') },
  ];
}

const plain = (text: string): string => text.replace(/<\/?(?:facts|question|not-read)[^>]*>/gi, ' ').replace(/[\r\n]+/g, ' ');
