/** What CDS Hooks needs of FHIR here: protocols import nothing of each other. */
export interface Resource {
  readonly resourceType: string;
  readonly id?: string;
}

export interface OrderBundle extends Resource {
  readonly resourceType: 'Bundle';
  readonly entry?: readonly { readonly fullUrl?: string; readonly resource?: Resource }[];
}

/** The contexts of the hooks that are served (CDS Hooks Library 1.0). */
export interface HookContexts {
  'patient-view': { readonly userId: string; readonly patientId: string; readonly encounterId?: string };
  'order-sign': {
    readonly userId: string;
    readonly patientId: string;
    readonly encounterId?: string;
    /** Unsigned orders: a Bundle of draft resources. */
    readonly draftOrders: OrderBundle;
  };
  'encounter-discharge': { readonly userId: string; readonly patientId: string; readonly encounterId: string };
}
export type Hook = keyof HookContexts;

interface Fields {
  readonly required: readonly string[];
  readonly optional: readonly string[];
}

/** Fields that are texts; prefetch templates may name these only (2.0: root fields with a primitive value). */
export const hookFields: Readonly<Record<Hook, Fields>> = {
  'patient-view': { required: ['userId', 'patientId'], optional: ['encounterId'] },
  'order-sign': { required: ['userId', 'patientId'], optional: ['encounterId'] },
  'encounter-discharge': { required: ['userId', 'patientId', 'encounterId'], optional: [] },
};

export const isHook = (name: unknown): name is Hook => typeof name === 'string' && Object.hasOwn(hookFields, name);

const id = /^[A-Za-z0-9.-]{1,64}$/;
const user = /^(?:Practitioner|PractitionerRole|Patient|RelatedPerson)\/[A-Za-z0-9.-]{1,64}$/;

/** The first thing that is wrong with a context, or undefined. Values are not repeated. */
export function contextProblem(hook: Hook, context: unknown): string | undefined {
  if (typeof context !== 'object' || context === null || Array.isArray(context)) return 'context is no object';
  const given = context as Record<string, unknown>;
  const { required, optional } = hookFields[hook];
  for (const name of required) if (given[name] === undefined) return `context.${name} is missing`;
  for (const name of [...required, ...optional]) {
    const value = given[name];
    if (value === undefined) continue;
    const fits = name === 'userId' ? user : id;
    if (typeof value !== 'string' || !fits.test(value))
      return `context.${name} is no ${name === 'userId' ? 'reference to a user' : 'FHIR id'}`;
  }
  return hook === 'order-sign' ? ordersProblem(given['draftOrders']) : undefined;
}

function ordersProblem(value: unknown): string | undefined {
  if (value === undefined) return 'context.draftOrders is missing';
  const { resourceType, entry } = (value ?? {}) as Partial<OrderBundle>;
  if (resourceType !== 'Bundle') return 'context.draftOrders is no Bundle';
  if (entry === undefined) return undefined;
  if (!Array.isArray(entry)) return 'context.draftOrders.entry is no list';
  return entry.every((each) => typeof each?.resource?.resourceType === 'string')
    ? undefined
    : 'an entry of context.draftOrders has no resource';
}
