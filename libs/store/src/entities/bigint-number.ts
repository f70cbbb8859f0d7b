import type { ValueTransformer } from 'typeorm';

/** The driver gives `bigint` as text; ids, counts and milliseconds stay far below 2^53. */
export const bigintNumber: ValueTransformer = {
  to: (value: unknown) => value,
  from: (value: unknown) => (value === null || value === undefined ? null : Number(value)),
};
