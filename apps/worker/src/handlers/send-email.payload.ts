import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsEmail,
  IsObject,
  IsString,
  Matches,
  MaxLength,
  ValidateBy,
  ValidateIf,
} from 'class-validator';
import { Transform } from 'class-transformer';

const NO_LINE_BREAK = /^[^\r\n]*$/;
const TOKEN = /^[A-Za-z0-9-]{1,128}$/;

/** Headers that the other fields, or the mail itself, stand for. */
const OWN_HEADERS = new Set(['to', 'cc', 'bcc', 'from', 'sender', 'subject', 'date', 'message-id', 'mime-version']);

const MOST_RECIPIENTS = 100;
const TEXT_LENGTH = 200_000;

/** An address or a list of them becomes a list. */
const AsList = () =>
  Transform(({ value }: { value: unknown }) =>
    Array.isArray(value) || value === undefined ? (value as unknown) : [value],
  );

/** Up to 100 addresses, `a@b.example` or `Name <a@b.example>`, none with a line break. */
function Addresses(): PropertyDecorator {
  const rules = [
    AsList(),
    IsArray(),
    ArrayMaxSize(MOST_RECIPIENTS),
    IsEmail({ allow_display_name: true, require_tld: false }, { each: true }),
    Matches(NO_LINE_BREAK, { each: true, message: '$property must hold no line break' }),
  ];
  return (target, property) => rules.forEach((rule) => rule(target, property));
}

/** What `send_email` takes. */
export class SendEmailPayload {
  /** One address or a list. */
  @ArrayMinSize(1)
  @Addresses()
  to!: string[];

  @Addresses()
  cc: string[] = [];

  @Addresses()
  bcc: string[] = [];

  @IsString()
  @MaxLength(998)
  @Matches(NO_LINE_BREAK, { message: 'subject must hold no line break' })
  subject!: string;

  /** The plain text; `text`, `html` or both. */
  @ValidateIf(({ text, html }: SendEmailPayload) => text !== undefined || html === undefined)
  @IsString()
  @MaxLength(TEXT_LENGTH)
  text?: string;

  @ValidateIf(({ html }: SendEmailPayload) => html !== undefined)
  @IsString()
  @MaxLength(TEXT_LENGTH)
  html?: string;

  /** Default `MAIL_FROM`. */
  @ValidateIf(({ from }: SendEmailPayload) => from !== undefined)
  @IsEmail({ allow_display_name: true, require_tld: false })
  @Matches(NO_LINE_BREAK, { message: 'from must hold no line break' })
  from?: string;

  /** More headers; those that the other fields stand for are refused. */
  @IsObject()
  @ValidateBy({
    name: 'headers',
    validator: {
      validate: areHeaders,
      defaultMessage: () =>
        'headers must be names with text values on one line, without those that have a field of their own',
    },
  })
  headers: Readonly<Record<string, string>> = {};
}

function areHeaders(headers: unknown): boolean {
  if (typeof headers !== 'object' || headers === null) return false;
  return Object.entries(headers).every(
    ([name, value]) =>
      TOKEN.test(name) &&
      !OWN_HEADERS.has(name.toLowerCase()) &&
      !name.toLowerCase().startsWith('content-') &&
      typeof value === 'string' &&
      value.length <= 8_192 &&
      NO_LINE_BREAK.test(value),
  );
}
