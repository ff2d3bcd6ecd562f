import { withClient } from '../client.ts'
import type { CommandContext } from '../context.ts'
import { countOf } from '../count.ts'
import type { Flags } from '../settings.ts'
import { Shown, shown } from '../shown.ts'

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
  const wanted = countOf('--count', count)
  await withClient(flags, io, reporter, async ({ mesh }) => {
    const done = Promise.withResolvers<void>()
    const filter = { ...(device ? { device } : {}), ...(event ? { event } : {}) }
    let heard = 0
    await mesh.on(filter, (incoming) => {
      if (heard >= wanted || io.signal.aborted) return
      const time = new Date().toISOString()
      const { device, event, payload } = incoming
      reporter.result({ time, ...incoming }, shown`${time} ${device} ${event} ${Shown.json(payload)}`)
      if (++heard === wanted) done.resolve()
    })
    reporter.progress(shown`Listening …`)
    if (io.signal.aborted) return
    io.signal.addEventListener('abort', () => done.resolve(), { once: true })
    await done.promise
  })
}
