import { ApiProperty, ApiSchema } from '@nestjs/swagger';

@ApiSchema({ name: 'ScheduleMoment' })
export class MomentView {
  @ApiProperty({ type: String, format: 'date-time' })
  readonly at!: string;

  @ApiProperty({
    type: String,
    description: 'The same on the clock of the time zone.',
    example: '2026-03-29T03:00:00.000+02:00',
  })
  readonly local!: string;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'What the clock of the time zone does there, if anything.',
  })
  readonly note!: string | null;
}

@ApiSchema({ name: 'SchedulePreview' })
export class PreviewView {
  @ApiProperty({ type: [MomentView] })
  readonly items!: readonly MomentView[];

  @ApiProperty({ type: String })
  readonly timezone!: string;

  @ApiProperty({
    type: String,
    description: 'Release of the IANA time zone data that was computed with.',
    example: '2025c',
  })
  readonly zone_data!: string;
}
