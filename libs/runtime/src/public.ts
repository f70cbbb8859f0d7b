import { RouteConfig } from '@nestjs/platform-fastify';

/** What a route may say about itself to the hooks that run before it. */
export interface RouteSettings {
  /** No key is asked for and no limit counted. */
  readonly public?: true;
  /** Largest body, in bytes. */
  readonly bodyLimit?: number;
  /** Content types beside JSON; their bodies come as `TextContent`. */
  readonly textTypes?: readonly string[];
}

/** Opens a route to everybody: no key, no rate limit. Only for answers without task data. */
export function Public(): MethodDecorator {
  return RouteConfig({ public: true } satisfies RouteSettings);
}

/** Sets the largest body a route takes, in bytes. */
export function BodyLimit(bytes: number): MethodDecorator {
  return RouteConfig({ bodyLimit: bytes } satisfies RouteSettings);
}

/** What a route says about itself. */
export function settingsOf(config: unknown): RouteSettings {
  return typeof config === 'object' && config !== null ? config : {};
}
