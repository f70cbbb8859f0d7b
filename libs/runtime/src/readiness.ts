import { Injectable } from '@nestjs/common';

/** Something the service depends on. */
export interface ReadinessCheck {
  /** Names the dependency in `/health/ready`, such as `postgres`. */
  readonly name: string;
  /** `required`: without it the service is not ready. `helpful`: it still serves, and says that it is degraded. */
  readonly need: 'required' | 'helpful';
  /** Resolves, with details to show if there are any, when the dependency is fit for use; else throws an error that says why. */
  readonly check: () => Promise<Readonly<Record<string, unknown>> | void>;
}

/** What has to be there before the service takes requests; modules add their checks when they start. */
@Injectable()
export class Readiness {
  private readonly all: ReadinessCheck[] = [];

  get checks(): readonly ReadinessCheck[] {
    return this.all;
  }

  add(check: ReadinessCheck): void {
    this.all.push(check);
  }
}
