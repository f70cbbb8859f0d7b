import { ServiceConfig, Setting } from '@millrace/runtime';
import { IsBoolean, IsInt, Max, Min } from 'class-validator';

/** What the shop is configured with, beside what every service is. */
export class ShopConfig extends ServiceConfig {
  @Setting({ doc: 'Port the shop listens on.' })
  @IsInt()
  @Min(0)
  @Max(65_535)
  shopPort = 3100;

  @Setting({ doc: 'Whether this process sends receipts; with `false` it only takes orders.' })
  @IsBoolean()
  receiptsEnabled = true;
}
