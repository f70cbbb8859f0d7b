import { ApiProperty, ApiSchema } from '@nestjs/swagger';

@ApiSchema({ name: 'Type' })
export class TypeView {
  @ApiProperty({ type: String, example: 'send_email' })
  readonly type!: string;

  @ApiProperty({ type: String, nullable: true })
  readonly description!: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'Queue its handler asks for; null: none in particular.' })
  readonly queue!: string | null;

  @ApiProperty({ type: 'integer', nullable: true, description: 'Milliseconds; null: none.' })
  readonly timeout!: number | null;

  @ApiProperty({ type: 'integer', nullable: true, description: 'Null: QUEUE_MAX_RETRY.' })
  readonly max_retry!: number | null;

  @ApiProperty({ type: 'integer', nullable: true, description: 'Milliseconds; null: QUEUE_RETRY_DELAY.' })
  readonly retry_delay!: number | null;

  @ApiProperty({ type: 'integer', description: 'Live workers that have a handler for it.' })
  readonly workers!: number;
}

@ApiSchema({ name: 'Types' })
export class TypesView {
  @ApiProperty({ type: [TypeView] })
  readonly items!: readonly TypeView[];

  @ApiProperty({ type: 'integer' })
  readonly total!: number;
}
