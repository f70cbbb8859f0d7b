import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { FieldProblemView, ProblemView } from './problem.view';

/** Describes the REST interface, out of the controllers and the classes they take and answer. */
export function createOpenApi(app: NestFastifyApplication, version: string): OpenAPIObject {
  const head = new DocumentBuilder()
    .setTitle('Millrace')
    .setDescription('Submit background tasks, ask, retry or cancel them, and let schedules submit them.')
    .setVersion(version)
    .setLicense('MIT', 'https://opensource.org/license/mit')
    .addBearerAuth(
      {
        type: 'http',
        scheme: 'bearer',
        bearerFormat: 'static key',
        description: 'A static key; asked for where AUTH_MODE is keys.',
      },
      'key',
    )
    .addSecurityRequirements('key')
    .build();
  return SwaggerModule.createDocument(app, head, {
    extraModels: [ProblemView, FieldProblemView],
    operationIdFactory: (_controller, method) => method,
  });
}

/** Serves the document at `/openapi.json` and a page to read and try it at `/docs`; nothing is fetched from elsewhere. */
export function serveDocs(app: NestFastifyApplication, version: string): void {
  SwaggerModule.setup('docs', app, () => createOpenApi(app, version), {
    jsonDocumentUrl: 'openapi.json',
    raw: ['json'],
    customSiteTitle: 'Millrace API',
  });
}
