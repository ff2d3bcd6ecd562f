import type { CliIo } from './io.ts'
import type { Reporter } from './reporter.ts'

/** Where a command reads and writes. */
export interface CommandContext {
  readonly io: CliIo
  readonly reporter: Reporter
}
