import { getMetadataArgsStorage } from 'typeorm';
import type { ValueTransformer } from 'typeorm';
import type { RawRow } from './database';

type EntityClass<E> = new () => E;

interface ReadColumn {
  readonly property: string;
  readonly name: string;
  readonly transformer: ValueTransformer | null;
}

/** Column names of an entity, in the order it declares them; the one list that hand-written SQL names columns from. */
export function columnsOf<E>(entity: EntityClass<E>): readonly string[] {
  return readColumnsOf(entity).map(({ name }) => name);
}

/** A function that turns rows of hand-written SQL into the entity's shape; columns that were not selected become null. */
export function rowReader<E>(entity: EntityClass<E>): (raw: RawRow) => E {
  const columns = readColumnsOf(entity);
  return (raw) => {
    const row: Record<string, unknown> = {};
    for (const { property, name, transformer } of columns) {
      const value: unknown = raw[name] ?? null;
      row[property] = transformer ? transformer.from(value) : value;
    }
    return row as E;
  };
}

function readColumnsOf<E>(entity: EntityClass<E>): readonly ReadColumn[] {
  return getMetadataArgsStorage()
    .filterColumns(entity)
    .map(({ propertyName, options }) => ({
      property: propertyName,
      name: options.name ?? propertyName,
      transformer: Array.isArray(options.transformer) ? null : (options.transformer ?? null),
    }));
}
