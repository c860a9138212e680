import { type Hook, hookFields } from './hooks.ts';

const users = ['userPractitionerId', 'userPractitionerRoleId', 'userPatientId', 'userRelatedPersonId'];
const shape = /^[A-Z][A-Za-z]+(?:\/[^?/]+|\?\S+)$/;
/** `:in` is the one modifier, `eq lt gt ge le` the prefixes (2.0, "Prefetch query restrictions"). */
const modifier = /^[\w-]+:(?!in$)/;
const prefix = /^[^=]*=(?:ne|sa|eb|ap)(?:\d|\{\{\s*today)/;

/** Of 3.0; discovery says the day itself, so that clients of 2.0 are served too. */
const today = /^\s*today\(\)(?:\s*[+-]\s*\d{1,5}\s+days?)?\s*$/;

/** What is wrong with a prefetch template for this hook, in CDS Hooks 2.0. */
export function templateProblem(template: string, hook: Hook): string | undefined {
  if (!shape.test(template.replaceAll(/\{\{[^{}]*\}\}/g, 'x'))) return 'it is neither Type/id nor Type?search';
  if (/[{}]/.test(template.replaceAll(/\{\{[^{}]*\}\}/g, ''))) return 'a token is not closed';
  const { required, optional } = hookFields[hook];
  for (const [, token = ''] of template.matchAll(/\{\{([^{}]*)\}\}/g)) {
    if (today.test(token)) continue;
    const field = /^context\.(\w+)$/.exec(token)?.[1];
    if (field === undefined ? !users.includes(token) : ![...required, ...optional].includes(field)) {
      return `{{${token}}} is no text of the context of ${hook}`;
    }
  }
  const search = template.split('?')[1] ?? '';
  const parts = search.split('&');
  if (parts.some((part) => modifier.test(part.split('=')[0] ?? ''))) return 'a modifier other than :in';
  return parts.some((part) => prefix.test(part)) ? 'a prefix other than eq, lt, gt, ge and le' : undefined;
}

/** What the user tokens stand for, where `userId` of the context is of that kind. */
export function userTokens(userId: string): Readonly<Record<string, string>> {
  const [type = '', id = ''] = userId.split('/');
  const name = `user${type}Id`;
  return users.includes(name) ? { [name]: id } : {};
}
