import { DEFAULT_QUEUE, TYPE_PATTERN } from './limits';
import { checkQueueName } from './option-rules';

/** Sends one type, or with a trailing `*` every type that begins so, to a queue. */
export interface Route {
  readonly pattern: string;
  readonly queue: string;
}

/** Thrown by `parseRoutes`; names the part it could not read. */
export class InvalidRoutes extends Error {
  constructor(
    readonly part: string,
    reason: string,
  ) {
    super(`"${part}" ${reason}; expected <type or prefix*>:<queue>, such as send_email:mail,report.*:reports`);
    this.name = 'InvalidRoutes';
  }
}

/**
 * Reads `QUEUE_ROUTES`: comma-separated `<type or prefix*>:<queue>`. An empty text has no routes.
 * The last colon separates, because a type may contain one.
 * Throws `InvalidRoutes`.
 */
export function parseRoutes(text: string): Route[] {
  const parts = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  return parts.map(parseRoute);
}

function parseRoute(part: string): Route {
  const colon = part.lastIndexOf(':');
  const pattern = part.slice(0, Math.max(colon, 0));
  const queue = part.slice(colon + 1);
  const isWildcard = pattern.endsWith('*');
  const literal = isWildcard ? pattern.slice(0, -1) : pattern;

  if (colon < 0) throw new InvalidRoutes(part, 'has no queue');
  if (!(isWildcard && literal === '') && !TYPE_PATTERN.test(literal)) throw new InvalidRoutes(part, 'has no type');
  if (checkQueueName('queue', queue).length > 0) throw new InvalidRoutes(part, 'names no valid queue');
  return { pattern, queue };
}

/** The queue of a type: its exact route, else the longest prefix that fits, else `default`. */
export function routeOf(routes: readonly Route[], type: string): string {
  let best: Route | undefined;
  for (const route of routes) {
    if (route.pattern === type) return route.queue;
    if (!route.pattern.endsWith('*') || !type.startsWith(route.pattern.slice(0, -1))) continue;
    if (!best || route.pattern.length > best.pattern.length) best = route;
  }
  return best?.queue ?? DEFAULT_QUEUE;
}
