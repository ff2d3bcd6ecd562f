import { withClient } from '../client.ts'
import { cliError } from '../errors.ts'
import type { CommandContext } from '../program.ts'
import { toJson } from '../reporter.ts'
import type { Flags } from '../settings.ts'

interface EventFlags extends Flags {
  readonly device?: string
  readonly event?: string
  readonly count?: string
  readonly timeout?: string
}

/** Prints events as they come, one line each. Losses of the connection mend themselves and are said in the log. */
export async function events(
  { device, event, count, ...flags }: EventFlags,
  { io, reporter }: CommandContext,
): Promise<void> {
  const wanted = countOf(count)
  await withClient(flags, io, reporter, async ({ mesh }) => {
    const done = Promise.withResolvers<void>()
    const filter = { ...(device ? { device } : {}), ...(event ? { event } : {}) }
    let heard = 0
    await mesh.on(filter, (incoming) => {
      if (heard >= wanted || io.signal.aborted) return
      const time = new Date().toISOString()
      reporter.result({ time, ...incoming }, `${time} ${incoming.device} ${incoming.event} ${toJson(incoming.payload)}`)
      if (++heard === wanted) done.resolve()
    })
    reporter.progress('Listening …')
    if (io.signal.aborted) return
    io.signal.addEventListener('abort', () => done.resolve(), { once: true })
    await done.promise
  })
}

/** Throws `BP_CLI_USAGE` for what is no count. */
function countOf(given: string | undefined): number {
  if (given === undefined) return Number.POSITIVE_INFINITY
  const count = Number(given)
  if (Number.isInteger(count) && count >= 1) return count
  throw cliError('BP_CLI_USAGE', { details: { reason: `--count: '${given}' is no whole number from 1 on.` } })
}
