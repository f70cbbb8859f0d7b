import { DurationSetting, IsDuration, ServiceConfig, Setting } from '@millrace/runtime';
import { IsBoolean, IsInt, Max, Min } from 'class-validator';

/** What the api is configured with. */
export class ApiConfig extends ServiceConfig {
  @Setting({ doc: 'Port the api listens on.' })
  @IsInt()
  @Min(0)
  @Max(65_535)
  apiPort = 3000;

  @Setting({
    doc: 'Whether requests are limited; counted by key, else by address, and together by all replicas.',
    derive: (config: ApiConfig) => !config.isPrivate(),
    defaultText: 'true, but false on loopback in development',
  })
  @IsBoolean()
  ratelimitEnabled = true;

  @Setting({ doc: 'Requests allowed in one window.' })
  @IsInt()
  @Min(1)
  @Max(1_000_000_000)
  ratelimitLimit = 600;

  @DurationSetting({ doc: 'Length of the window, in whole seconds.' })
  @IsDuration({ minMs: 1_000, maxMs: 86_400_000 })
  ratelimitWindowMs = 60_000;
}
