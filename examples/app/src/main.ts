import 'reflect-metadata';
import { bootstrap } from '@millrace/runtime';
import { ShopConfig } from './shop.config';
import { SHOP_SERVICE, ShopModule } from './shop.module';

await bootstrap(ShopModule, { ...SHOP_SERVICE, config: ShopConfig, port: 'shopPort' });
