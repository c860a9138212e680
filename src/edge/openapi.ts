import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';

const docs = '/docs';

/** What a route says of itself in the document besides its schema: who may use it, and how it refuses. */
function described(url: string, { roles, audit }: { roles: readonly string[] | 'public'; audit?: unknown }): object {
  const fhir = /^\/(fhir|cds-services)\b/.test(url);
  const refusal = fhir ? 'OperationOutcome' : 'Problem document (RFC 9457)';
  return {
    'x-roles': roles === 'public' ? ['public'] : [...roles],
    'x-audited': audit !== undefined,
    ...(roles === 'public' ? {} : { security: [{ bearer: [] }] }),
    response: { default: { description: refusal, type: 'object', additionalProperties: true } },
  };
}

const tagOf = (url: string): string =>
  /^\/(?:api\/)?(fhir|cds-services|ops|sandbox|patients|wards|assist|jobs)\b/.exec(url)?.[1] ?? 'server';

/**
 * OpenAPI 3.1 of every route, made of the routes themselves, and a page for it at `/docs`. Before any route is added:
 * it hears of them as they come. `docs/openapi.json` is the committed copy.
 */
export async function describeRoutes(app: FastifyInstance): Promise<void> {
  app.addHook('onRoute', (route) => {
    // The page and its files: nothing of a patient.
    if (route.url === docs || route.url.startsWith(`${docs}/`)) route.config = { access: { roles: 'public' }, ...route.config };
  });
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Aorta',
        version: '1',
        description: 'HTTP side of Aorta. Refusals are problem documents, on FHIR and CDS Hooks routes OperationOutcomes.',
      },
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
    },
    transform: ({ schema, url, route }) => {
      const access = route.config?.access ?? { roles: [] };
      // Files, this document itself, and preflights.
      const file = /\.(js|css|svg|png|ico)$/.test(url) || /^\/docs\b|\*|^\/$/.test(url) || route.method === 'OPTIONS';
      const { response, ...more } = described(url, access) as { response: object };
      const given = (schema ?? {}) as { response?: object };
      return { url, schema: { tags: [tagOf(url)], ...given, ...more, response: { ...given.response, ...response }, hide: file } as never };
    },
  });
  await app.register(swaggerUi, { routePrefix: docs, staticCSP: true, uiConfig: { supportedSubmitMethods: [] } });
}
