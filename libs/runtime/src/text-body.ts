import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { HttpProblem } from './problem';
import { settingsOf, type RouteSettings } from './public';
import { decodeText } from './strict-json';

/** Content types that `TextBody` can name. */
export const TEXT_TYPES = ['application/yaml', 'application/x-yaml', 'text/yaml', 'text/x-yaml', 'text/plain'] as const;
export type TextType = (typeof TEXT_TYPES)[number];

/** A body that came as text of another type than JSON. */
export class TextContent {
  constructor(readonly text: string) {}
}

/** Lets a route take text of these content types as well, up to so many bytes; it comes as `TextContent`. */
export function TextBody(
  textTypes: readonly TextType[],
  { limitBytes }: { readonly limitBytes: number },
): MethodDecorator {
  return RouteConfig({ bodyLimit: limitBytes, textTypes } satisfies RouteSettings);
}

/** Reads text for the routes that take it. */
export function acceptText(fastify: FastifyInstance): void {
  fastify.addContentTypeParser(
    [...TEXT_TYPES],
    { parseAs: 'buffer' },
    async (request: FastifyRequest, body: Buffer) => {
      const type = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
      if (!settingsOf(request.routeOptions.config).textTypes?.includes(type)) throw unsupportedType(request);
      return new TextContent(decodeText(body));
    },
  );
}

/** 415 that names what the route takes. */
export function unsupportedType(request: FastifyRequest): HttpProblem {
  const [text] = settingsOf(request.routeOptions.config).textTypes ?? [];
  return new HttpProblem({
    status: 415,
    code: 'unsupported-media-type',
    detail:
      text === undefined ? 'Send JSON, as application/json.' : `Send JSON, as application/json, or text, as ${text}.`,
  });
}
