import type { Card } from './card.ts';

/** An address is below a base: the same origin, and the base's path or one below it. */
export function isBelow(url: string, base: string): boolean {
  const [at, from] = [URL.parse(url), URL.parse(base)];
  if (!at || !from || at.origin === 'null' || at.origin !== from.origin || at.username !== '' || at.password !== '') return false;
  const path = from.pathname.replace(/\/+$/, '');
  return at.pathname === path || at.pathname.startsWith(`${path}/`);
}

/**
 * A card without what leads elsewhere than below the bases: links of both types (a SMART app is launched with the clinician's
 * session), and the address and icon of its source. What a rule or a model made of free text chooses no address; the advice
 * itself stays, as a link is no reason to lose it.
 */
export function withLinksBelow(card: Card, bases: readonly string[]): { readonly card: Card; readonly dropped: number } {
  const fine = (url: string | undefined) => url === undefined || bases.some((base) => isBelow(url, base));
  const { links = [], source } = card;
  const kept = links.filter(({ url }) => fine(url));
  const dropped = links.length - kept.length + [source.url, source.icon].filter((url) => !fine(url)).length;
  if (dropped === 0) return { card, dropped };
  const { links: _, ...rest } = card;
  const { url, icon, ...named } = source;
  const from = { ...named, ...(url !== undefined && fine(url) ? { url } : {}), ...(icon !== undefined && fine(icon) ? { icon } : {}) };
  return { card: { ...rest, source: from, ...(kept.length > 0 ? { links: kept } : {}) }, dropped };
}
