import { IsIn, IsNotEmpty, IsObject, IsString, MaxLength, ValidateBy, ValidateIf } from 'class-validator';
import type { Json } from '@millrace/contracts';
import { IsDurationText } from './duration-field';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

/** Headers that belong to the connection, which the sender of a task must not steer. */
const OWN_HEADERS = new Set([
  'connection',
  'content-length',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
]);

const TOKEN = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/;
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]{0,8192}$/;

/** Most headers of one request. */
const MOST_HEADERS = 100;

/** What `http_request` takes. */
export class HttpRequestPayload {
  /** Where to; `http` or `https`. */
  @IsString()
  @MaxLength(8_192)
  @ValidateBy({
    name: 'url',
    validator: { validate: isHttpUrl, defaultMessage: () => 'url must be an http or https address' },
  })
  url!: string;

  /** Default GET, or POST when there is a body. */
  @ValidateIf(({ method }: HttpRequestPayload) => method !== undefined)
  @IsIn(METHODS)
  method?: (typeof METHODS)[number];

  /** Names and values; those of the connection itself, such as `host`, are refused. */
  @IsObject()
  @ValidateBy({
    name: 'headers',
    validator: {
      validate: areHeaders,
      defaultMessage: () =>
        `headers must be at most ${MOST_HEADERS} names with text values, without those of the connection`,
    },
  })
  headers: Readonly<Record<string, string>> = {};

  /** A text is sent as it is, anything else as JSON. */
  @ValidateIf(({ body }: HttpRequestPayload) => body !== undefined)
  @IsNotEmpty()
  body?: Json;

  /** Until the answer has arrived whole. Default 30 s. */
  @IsDurationText(3_600_000)
  timeout: number | string = '30s';
}

/** Read as the request itself reads it: `http://0x7f.1` is a way to write 127.0.0.1. */
function isHttpUrl(text: unknown): boolean {
  return typeof text === 'string' && URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

function areHeaders(headers: unknown): boolean {
  if (typeof headers !== 'object' || headers === null) return false;
  const entries = Object.entries(headers);
  return (
    entries.length <= MOST_HEADERS &&
    entries.every(
      ([name, value]) =>
        TOKEN.test(name) &&
        !OWN_HEADERS.has(name.toLowerCase()) &&
        typeof value === 'string' &&
        HEADER_VALUE.test(value),
    )
  );
}
