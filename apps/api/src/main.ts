import 'reflect-metadata';
import { bootstrap } from '@millrace/runtime';
import { API_SERVICE } from './api-service';
import { ApiConfig } from './api.config';
import { ApiModule } from './api.module';

await bootstrap(ApiModule, { ...API_SERVICE, config: ApiConfig, port: 'apiPort' });
