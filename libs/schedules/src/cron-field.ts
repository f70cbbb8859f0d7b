import { CronSyntaxError } from './invalid-schedule';

/** One of the six fields and what it may hold. */
export interface FieldRule {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /** Names of values from `min` on. */
  readonly names: readonly string[];
  /** `day of month` takes `L`, `LW` and `15W`; `day of week` takes `5#2` and `5L`. */
  readonly special: 'none' | 'monthDay' | 'weekday';
}

/** A piece of an expression and where it begins, counted from 0. */
export interface Piece {
  readonly text: string;
  readonly at: number;
}

/** What a field means. */
export interface Field {
  /** The same in numbers, lists and nothing else, with `L`, `W` and `#` kept. */
  readonly canonical: string;
  /** Written as `*`, with or without a step, or holding every value. */
  readonly wild: boolean;
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

/** The fields in order; an expression of five leaves out the second. */
export const FIELDS: readonly FieldRule[] = [
  { name: 'second', min: 0, max: 59, names: [], special: 'none' },
  { name: 'minute', min: 0, max: 59, names: [], special: 'none' },
  { name: 'hour', min: 0, max: 23, names: [], special: 'none' },
  { name: 'day of month', min: 1, max: 31, names: [], special: 'monthDay' },
  { name: 'month', min: 1, max: 12, names: MONTHS, special: 'none' },
  { name: 'day of week', min: 0, max: 7, names: WEEKDAYS, special: 'weekday' },
];

/**
 * Reads one field of an expression.
 * Throws `CronSyntaxError` at the first character that is wrong.
 */
export function readField(expression: string, rule: FieldRule, piece: Piece): Field {
  const reader = new FieldReader(expression, rule);
  if (piece.text === '*' || (piece.text === '?' && rule.special !== 'none')) return { canonical: '*', wild: true };

  const items = splitAt(piece, ',').map((item) => reader.item(item));
  const values = new Set(items.flatMap((item) => (typeof item === 'string' ? [] : item)));
  const specials = items.filter((item) => typeof item === 'string');
  return {
    canonical: [...[...values].sort((a, b) => a - b).map(String), ...new Set(specials)].join(','),
    wild: piece.text.startsWith('*') || values.size === sizeOf(rule),
  };
}

class FieldReader {
  constructor(
    private readonly expression: string,
    private readonly rule: FieldRule,
  ) {}

  /** The values of one item of a list, or the text of a special day. */
  item(item: Piece): readonly number[] | string {
    if (item.text === '') this.fail(item.at, 'has an empty item');
    return this.special(item) ?? this.values(item);
  }

  private special({ text, at }: Piece): string | null {
    const { special } = this.rule;
    const upper = text.toUpperCase();
    if (special === 'monthDay') {
      if (upper === 'L' || upper === 'LW') return upper;
      if (/^\d+W$/.test(upper)) return `${this.value({ text: text.slice(0, -1), at })}W`;
      const [last] = /^LW?(?=.)/.exec(upper) ?? [];
      if (last) this.fail(at + last.length, `takes nothing after ${last}`);
      if (upper.endsWith('W')) this.fail(at + upper.length - 1, 'takes W after a single day, such as 15W');
    }
    if (special === 'weekday') {
      const [, day = '', nth] = /^(.*?)(?:#(.*)|L)$/i.exec(text) ?? [];
      if (day === '' && /^(?:#|L$)/i.test(text)) {
        this.fail(at, `takes ${text.charAt(0)} after a day, such as ${nth === undefined ? '5L' : '5#2'}`);
      }
      if (nth !== undefined && !/^[1-5]$/.test(nth)) this.fail(at + day.length + 1, 'takes 1 to 5 after #');
      if (day !== '') return `${this.value({ text: day, at }) % 7}${nth === undefined ? 'L' : `#${nth}`}`;
    }
    return null;
  }

  private values(item: Piece): readonly number[] {
    const [span = item, step, more] = splitAt(item, '/');
    if (more) this.fail(more.at - 1, 'has a second /');
    const { from, to } = this.span(span, step !== undefined);
    const every = step ? this.step(step) : 1;
    const values: number[] = [];
    for (let value = from; value <= to; value += every) {
      values.push(this.rule.special === 'weekday' ? value % 7 : value);
    }
    return values;
  }

  private span(span: Piece, hasStep: boolean): { readonly from: number; readonly to: number } {
    const { min, max, special } = this.rule;
    if (span.text === '*') return { from: min, to: special === 'weekday' ? 6 : max };
    const [first = span, last, more] = splitAt(span, '-');
    if (more) this.fail(more.at - 1, 'has a second -');
    const from = this.value(first);
    if (!last) {
      if (hasStep) this.fail(span.at, `takes a step after * or a range; write ${from}-${max}/…`);
      return { from, to: from };
    }
    const to = this.value(last);
    if (to >= from) return { from, to };
    // Sunday ends a week as well as it begins one.
    if (special === 'weekday' && to === 0) return { from, to: 7 };
    const end = special === 'weekday' ? 6 : max;
    const instead = from > end ? `${min}-${to}` : `${from}-${end},${min}-${to}`;
    return this.fail(last.at, `has a range that ends before it begins; write ${instead} for ${span.text}`);
  }

  private step({ text, at }: Piece): number {
    const step = /^\d{1,2}$/.test(text) ? Number(text) : 0;
    return step >= 1 && step <= sizeOf(this.rule) ? step : this.fail(at, `takes a step of 1 to ${sizeOf(this.rule)}`);
  }

  private value({ text, at }: Piece): number {
    const { min, max, names } = this.rule;
    const named = names.indexOf(text.toLowerCase());
    if (named >= 0) return named + min;
    const value = /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    const words = names.length > 0 ? ` or ${names[0]}-${names.at(-1)}` : '';
    return this.fail(at, `takes ${min}-${max}${words}${text === '' ? '' : `, not "${text}"`}`);
  }

  private fail(at: number, reason: string): never {
    throw new CronSyntaxError(this.expression, at + 1, `the ${this.rule.name} ${reason}`);
  }
}

/** How many values a field has; Sunday counts once. */
const sizeOf = ({ special, min, max }: FieldRule): number => (special === 'weekday' ? 7 : max - min + 1);

function splitAt({ text, at }: Piece, separator: string): Piece[] {
  let from = at;
  return text.split(separator).map((part) => {
    const piece = { text: part, at: from };
    from += part.length + separator.length;
    return piece;
  });
}
