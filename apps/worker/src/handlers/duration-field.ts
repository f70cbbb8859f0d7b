import { buildMessage, ValidateBy } from 'class-validator';
import { formatDuration, parseDuration } from '@millrace/contracts';

/** Holds a payload field to be a duration such as `500ms` or `1h30m`, or whole milliseconds, up to `maxMs`. */
export function IsDurationText(maxMs: number): PropertyDecorator {
  return ValidateBy({
    name: 'isDurationText',
    validator: {
      validate: (value) => isDuration(value, maxMs),
      defaultMessage: buildMessage(
        () => `$property must be a duration such as 500ms, 90s or 1h30m, at most ${formatDuration(maxMs)}`,
      ),
    },
  });
}

function isDuration(value: unknown, maxMs: number): boolean {
  try {
    return parseDuration(value) <= maxMs;
  } catch {
    return false;
  }
}
