import { error } from '../errors/index.ts';

/** One thing that a client says became of a card (CDS Hooks 2.0, "Feedback"). */
export interface CardFeedback {
  /** The card's uuid. */
  readonly card: string;
  readonly outcome: 'accepted' | 'overridden';
  /** uuids of suggestions. */
  readonly acceptedSuggestions: readonly string[];
  readonly reason?: { readonly system: string; readonly code: string };
  /** Free text of a clinician: PHI. */
  readonly userComment?: string;
  /** Milliseconds since 1970. */
  readonly outcomeAt: number;
}

const most = 100;
const invalid = (problem: string) => error('AORTA_CDS_001', { problem });
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
/** Text that every store takes: PostgreSQL refuses NUL and half a surrogate pair, and one entry would take its group along. */
const short = (value: unknown, longest: number): value is string =>
  typeof value === 'string' && value !== '' && value.length <= longest && !value.includes('\u0000') && value.isWellFormed();
/** RFC 3339, 5.6. */
const instant = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/;

/** @throws AORTA_CDS_001 */
export function parseFeedback(body: unknown): readonly CardFeedback[] {
  const list = isObject(body) ? body['feedback'] : undefined;
  if (!Array.isArray(list) || list.length === 0) throw invalid('feedback is no list with entries');
  if (list.length > most) throw invalid(`feedback has more than ${most} entries`);
  return list.map((each, index) => one(each, `feedback[${index}]`));
}

function one(value: unknown, at: string): CardFeedback {
  if (!isObject(value)) throw invalid(`${at} is no object`);
  const { card, outcome, acceptedSuggestions, overrideReason, outcomeTimestamp } = value;
  if (!short(card, 100)) throw invalid(`${at}.card is missing`);
  if (outcome !== 'accepted' && outcome !== 'overridden') throw invalid(`${at}.outcome is not accepted or overridden`);
  if (!short(outcomeTimestamp, 64) || !instant.test(outcomeTimestamp) || Number.isNaN(Date.parse(outcomeTimestamp))) {
    throw invalid(`${at}.outcomeTimestamp is no RFC 3339 time`);
  }
  const suggestions = acceptedSuggestions === undefined ? [] : acceptedSuggestions;
  if (!Array.isArray(suggestions) || suggestions.length > most || !suggestions.every((each) => isObject(each) && short(each['id'], 100))) {
    throw invalid(`${at}.acceptedSuggestions is no list of ids`);
  }
  if (outcome === 'accepted' && suggestions.length === 0) throw invalid(`${at}.acceptedSuggestions is missing`);
  return {
    ...{ card, outcome, acceptedSuggestions: suggestions.map(({ id }) => String(id)), outcomeAt: Date.parse(outcomeTimestamp) },
    ...(overrideReason === undefined ? {} : reasonOf(overrideReason, at)),
  };
}

function reasonOf(value: unknown, at: string): Pick<CardFeedback, 'reason' | 'userComment'> {
  if (!isObject(value)) throw invalid(`${at}.overrideReason is no object`);
  const { reason, userComment } = value;
  if (reason !== undefined && !(isObject(reason) && short(reason['code'], 200) && short(reason['system'], 500))) {
    throw invalid(`${at}.overrideReason.reason is no coding`);
  }
  if (userComment !== undefined && !short(userComment, 4_000)) throw invalid(`${at}.overrideReason.userComment is no text`);
  return {
    ...(isObject(reason) ? { reason: { system: String(reason['system']), code: String(reason['code']) } } : {}),
    ...(typeof userComment === 'string' ? { userComment } : {}),
  };
}
