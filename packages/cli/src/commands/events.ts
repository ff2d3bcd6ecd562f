import { coreError } from '@backplane/core'
import { withClient } from '../client.ts'
import type { CommandContext } from '../program.ts'
import type { Flags } from '../settings.ts'

interface EventFlags extends Flags {
  readonly device?: string
  readonly event?: string
  readonly count?: string
  readonly timeout?: string
}

/** Prints events as they come. */
export async function events(
  { device, event, count, ...flags }: EventFlags,
  { io, reporter }: CommandContext,
): Promise<void> {
  const wanted = count === undefined ? Number.POSITIVE_INFINITY : Number(count)
  if (!(wanted >= 1))
    throw coreError('BP_INVALID_ARGUMENT', { details: { what: '--count', reason: 'it must be 1 or more' } })
  await withClient(flags, io, reporter, async ({ mesh }) => {
    let heard = 0
    await new Promise<void>((resolve, reject) => {
      io.signal.addEventListener('abort', () => resolve(), { once: true })
      const filter = { ...(device ? { device } : {}), ...(event ? { event } : {}) }
      const listening = mesh.on(filter, (incoming) => {
        if (heard >= wanted) return
        const time = new Date().toISOString()
        reporter.result(
          { time, ...incoming },
          `${time} ${incoming.device} ${incoming.event} ${JSON.stringify(incoming.payload)}`,
        )
        if (++heard === wanted) resolve()
      })
      listening.then(() => reporter.progress('Listening …'), reject)
    })
  })
}
