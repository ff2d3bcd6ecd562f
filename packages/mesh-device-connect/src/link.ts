import type { Clock, Identity, Logger, Transport } from '@backplane/core'
import type { Subjects } from './subjects.ts'

/** What the parts of one mesh share. */
export interface Link {
  readonly transport: Transport
  readonly subjects: Subjects
  readonly identity: Identity
  /** Marks this run: another host with our id announces another. */
  readonly instance: string
  readonly clock: Clock
  readonly logger: Logger
}
