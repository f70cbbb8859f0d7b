import { ApiProperty } from '@nestjs/swagger';

/** What every list says that is paged by number or by cursor. */
export abstract class PageView {
  @ApiProperty({ type: 'integer' })
  readonly total!: number;

  @ApiProperty({ type: 'integer', nullable: true, description: 'Null when the page was asked for by cursor.' })
  readonly page!: number | null;

  @ApiProperty({ type: 'integer' })
  readonly page_size!: number;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Give it as `cursor` for the next page; null: this is the last.',
  })
  readonly next_cursor!: string | null;
}
