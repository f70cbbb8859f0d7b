import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { RunnerOptions } from './runner-options';
import { HANDLER_SETTINGS, InvalidHandler, type Handler, type HandlerSettings } from './task-handler';

/** A handler and its settings. */
export interface RegisteredHandler extends HandlerSettings {
  readonly handler: Handler<never>;
}

/** Thrown at start-up when two classes claim one type. */
export class DuplicateHandler extends Error {
  constructor(
    readonly type: string,
    readonly classNames: readonly [string, string],
  ) {
    super(
      `Two handlers serve the type ${type}: ${classNames.join(' and ')}. ` +
        `Give one of them another type, or leave it out of the module's providers.`,
    );
    this.name = 'DuplicateHandler';
  }
}

/** Which handler runs which type: every provider marked with `@TaskHandler`, found at start-up. */
@Injectable()
export class HandlerRegistry implements OnModuleInit {
  private readonly byType = new Map<string, RegisteredHandler>();

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly options: RunnerOptions,
  ) {}

  /** Throws `DuplicateHandler` and `InvalidHandler`, so that a worker never starts with an unclear table. */
  onModuleInit(): void {
    for (const { metatype, instance } of this.discovery.getProviders()) {
      if (typeof metatype !== 'function' || this.isLeftOut(metatype)) continue;
      const settings = Reflect.getOwnMetadata(HANDLER_SETTINGS, metatype) as HandlerSettings | undefined;
      if (settings) this.add(settings, instance);
    }
  }

  /** The handler of a type, if this worker serves it. */
  find(type: string): RegisteredHandler | undefined {
    return this.byType.get(type);
  }

  /** Every type this worker serves, by name. */
  types(): HandlerSettings[] {
    return [...this.byType.values()].sort((a, b) => (a.type < b.type ? -1 : 1));
  }

  private isLeftOut(metatype: unknown): boolean {
    return this.options.leaveOut.some((left) => left === metatype);
  }

  private add(settings: HandlerSettings, instance: unknown): void {
    const name = classNameOf(instance);
    if (!isHandler(instance)) {
      throw new InvalidHandler(`${name} serves the type ${settings.type} but has no method handle(payload, context)`);
    }
    const other = this.byType.get(settings.type);
    // One class listed in two modules has two instances as well: which of them served would be a matter of chance.
    if (other) throw new DuplicateHandler(settings.type, [classNameOf(other.handler), name]);
    this.byType.set(settings.type, { ...settings, handler: instance });
  }
}

function isHandler(instance: unknown): instance is Handler<never> {
  return typeof instance === 'object' && instance !== null && typeof (instance as Handler).handle === 'function';
}

function classNameOf(instance: unknown): string {
  return (instance as object | undefined)?.constructor?.name ?? String(instance);
}
