import type { TransportStatus } from '@backplane/core'
import { until } from './waiting.ts'

/** The way to take the connection of everything under test away, and to give it back. */
export interface Outage {
  /** Resolves when all that was connected has noticed. */
  interrupt(): Promise<void>
  /** Resolves when all that was away has come back by itself. */
  restore(): Promise<void>
}

/** What `setup` gives for it: nothing in there waits for those under test. */
interface Switch {
  interrupt(): void | Promise<void>
  restore(): void | Promise<void>
}

/**
 * Makes the {@link Outage} of transports or meshes; `made` may grow later. `settle` is waited for with each that has
 * come back.
 */
export function outageOf<T extends { readonly status: TransportStatus }>(
  made: readonly T[],
  { interrupt, restore }: Switch,
  settle: (each: T) => void | Promise<void> = () => {},
): Outage {
  return {
    async interrupt() {
      const connected = made.filter(({ status }) => status === 'connected')
      await interrupt()
      await until(() => connected.every((each) => each.status !== 'connected'), 'noticing that the connection is lost')
    },
    async restore() {
      const away = made.filter(({ status }) => status === 'disconnected' || status === 'connecting')
      await restore()
      await until(() => away.every((each) => each.status === 'connected'), 'coming back by itself', 15_000)
      await Promise.all(away.map(settle))
    },
  }
}
