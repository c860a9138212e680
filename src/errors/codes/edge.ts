import type { ErrorSpec } from '../error.ts';

export const edgeErrors = {
  AORTA_EDGE_001: {
    class: 'Permanent',
    message: 'Refusing to listen on {host} without configured authentication.',
    remedy: 'Bind to 127.0.0.1, or configure bearer tokens or API keys.',
  },
  AORTA_EDGE_002: {
    class: 'Permanent',
    message: 'The credentials of the request cannot be verified: no authentication is configured.',
    remedy: 'Leave the Authorization header out on loopback, or configure authentication.',
  },
  AORTA_EDGE_003: {
    class: 'Permanent',
    message: 'The request was addressed to {host}, which is not this machine.',
    remedy: 'Use 127.0.0.1 or localhost: other names are refused so that a web page elsewhere cannot read from here.',
  },
  AORTA_EDGE_004: {
    class: 'Permanent',
    message: 'There is no {what}.',
    remedy: 'Check the id; lists are at the collection above it.',
  },
  AORTA_EDGE_005: {
    class: 'Permanent',
    message: 'The request is not valid: {problem}.',
    remedy: 'Correct the named parameter.',
  },
  AORTA_EDGE_006: {
    class: 'Permanent',
    message: 'The role {role} may not do this.',
    remedy: 'Ask for one of the roles: {needed}.',
  },
  AORTA_EDGE_007: {
    class: 'Permanent',
    message: 'The request comes from a web page of another site ({origin}).',
    remedy: 'Call from the dashboard itself or from a program; browsers elsewhere may not act here.',
  },
  AORTA_EDGE_008: {
    class: 'Overload',
    message: 'There are {count} watchers already; no more are taken.',
    remedy: 'Close dashboards that nobody looks at, then try again.',
  },
  AORTA_EDGE_009: {
    class: 'Permanent',
    message: 'It was redriven three times within a day and failed each time.',
    remedy: 'Look at why it fails first. If the cause is mended, redrive it with `--force`.',
  },
  AORTA_EDGE_010: {
    class: 'Permanent',
    message: 'The dead-letter brake of flow {flow} is not on.',
    remedy: 'Nothing to release. `aorta why` says what the flow waits for.',
  },
  AORTA_EDGE_011: {
    class: 'Permanent',
    message: 'The entry cannot go in again: {problem}.',
    remedy: 'Ask the sender for the message, or dismiss the entry.',
  },
  AORTA_EDGE_012: {
    class: 'Permanent',
    message: 'It was refused again: {problem}.',
    remedy: 'Correct what is named (`aorta quarantine fix`), or dismiss the entry.',
  },
  AORTA_EDGE_013: {
    class: 'Transient',
    message: 'The answer ended early, because this server stops.',
    remedy: 'Ask again, without Last-Event-ID.',
  },
  AORTA_EDGE_014: {
    class: 'Overload',
    message: 'This worker has more requests under way than it gets through, and its share of this caller is used up.',
    remedy: 'Come again after Retry-After. If it stays so, send less at once, or start more workers.',
  },
} as const satisfies Record<string, ErrorSpec>;
