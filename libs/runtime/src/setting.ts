import { buildMessage, ValidateBy } from 'class-validator';
import { formatDuration, parseDuration } from '@millrace/contracts';

/** How one field of a config class is read from its environment variable and shown to people. */
export interface SettingOptions {
  /** One sentence for `--help`, `.env.example` and the table of variables. */
  readonly doc: string;
  /** The variable. Default: the field in SCREAMING_SNAKE, a trailing `Ms` left off (`queueLeaseMs` is `QUEUE_LEASE`). */
  readonly name?: string;
  /** Its value is never shown, and `<NAME>_FILE` may name a file that holds it. */
  readonly secret?: true;
  /**
   * Turns the text into the field's value; throws an `Error` whose message says what is accepted ("must be …").
   * Default: by the type of the field's initial value (text, number, `true`/`false`, a comma-separated list).
   */
  readonly parse?: (text: string) => unknown;
  /** The value as a person would write it. Default: `String(value)`, a list joined by commas. */
  readonly show?: (value: never) => string;
  /** The value when the variable is unset and depends on other fields; those declared above are already read. */
  readonly derive?: (config: never) => unknown;
  /** Says in words what `derive` answers. */
  readonly defaultText?: string;
}

/** A `SettingOptions` with its field and the name of its variable. */
export interface SettingField extends SettingOptions {
  readonly field: string;
  readonly name: string;
}

const fieldsByClass = new WeakMap<object, SettingField[]>();

/** Marks a field of a config class as read from the environment. Bounds come from class-validator's decorators. */
export function Setting(options: SettingOptions): PropertyDecorator {
  return (prototype, property) => {
    const field = String(property);
    const fields = fieldsByClass.get(prototype) ?? [];
    fields.push({ ...options, field, name: options.name ?? variableName(field) });
    fieldsByClass.set(prototype, fields);
  };
}

/** A span of time in milliseconds, written as text such as `30s`; `Setting` for a field that ends in `Ms`. */
export function DurationSetting(options: Pick<SettingOptions, 'doc' | 'name'>): PropertyDecorator {
  return Setting({ ...options, parse: parseDuration, show: (ms: number) => formatDuration(ms) });
}

/** Holds a duration field between two bounds, in milliseconds; the message names them as people write them. */
export function IsDuration(bounds: { readonly minMs: number; readonly maxMs: number }): PropertyDecorator {
  return ValidateBy({
    name: 'isDuration',
    validator: {
      validate: (value) => typeof value === 'number' && value >= bounds.minMs && value <= bounds.maxMs,
      defaultMessage: buildMessage(
        () => `$property must be from ${formatDuration(bounds.minMs)} to ${formatDuration(bounds.maxMs)}`,
      ),
    },
  });
}

/** The settings of a config class, those of its base classes first. */
export function settingsOf(Config: abstract new () => object): readonly SettingField[] {
  const settings: SettingField[] = [];
  for (let proto = Config.prototype as object | null; proto; proto = Object.getPrototypeOf(proto) as object | null) {
    settings.unshift(...(fieldsByClass.get(proto) ?? []));
  }
  return settings;
}

function variableName(field: string): string {
  return field.replace(/Ms$/, '').replace(/[A-Z]/g, '_$&').toUpperCase();
}
