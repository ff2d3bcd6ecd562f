/** What tests of transports stand on, whatever the medium. */
import type { IncomingRequest, Transport, TransportEvent } from '../src/index.ts'

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
export const text = (payload: Uint8Array): string => new TextDecoder().decode(payload)

/** Resolves at the first event of that type, from now on. */
export function eventOf<T extends TransportEvent['type']>(
  transport: Transport,
  type: T,
): Promise<Extract<TransportEvent, { type: T }>> {
  return new Promise((resolve) => {
    const stop = transport.onStatus((event) => {
      if (event.type !== type) return
      stop()
      resolve(event as Extract<TransportEvent, { type: T }>)
    })
  })
}

/** Waits until something is true; the test's own timeout is the limit. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2))
}

/** Answers with what it is asked: at once or a little later. */
export async function echo({ payload }: IncomingRequest): Promise<Uint8Array> {
  if (payload.length % 3 === 0) await new Promise((resolve) => setImmediate(resolve))
  return payload
}

/** Requests to an {@link echo}, without a pause. */
export interface EchoLoad {
  readonly answered: number
  /** Ends it; gives each way in which a request has ended: `answered`, `wrong` or an error's code. */
  stop(): Promise<string[]>
}

/** Asks on so many lanes at once; `subjectOf` gives the subject of a lane's n-th request. */
export function echoLoad(asking: Transport, lanes: number, subjectOf: (n: number) => string): EchoLoad {
  const outcomes = new Map<string, number>()
  let stopped = false
  const lane = async (name: number) => {
    for (let n = 0; !stopped; n++) {
      const question = `${name}:${n}`
      const outcome = await asking.request(subjectOf(n), bytes(question), { timeoutMs: 10_000 }).then(
        ({ payload }) => (text(payload) === question ? 'answered' : 'wrong'),
        ({ code }) => code as string,
      )
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
      if (outcome !== 'answered') await new Promise((resolve) => setTimeout(resolve, 1))
    }
  }
  const running = Array.from({ length: lanes }, (_, name) => lane(name))
  return {
    get answered() {
      return outcomes.get('answered') ?? 0
    },
    async stop() {
      stopped = true
      await Promise.all(running)
      return [...outcomes.keys()]
    },
  }
}
