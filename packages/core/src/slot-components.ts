import type { HostConfig } from './contracts/config.ts'
import type { HostEvent } from './contracts/host.ts'
import type { Logger } from './contracts/logger.ts'
import type { RuntimeContext } from './contracts/runtime.ts'
import type { FittingComponents } from './fitting.ts'
import type { RunningInstance } from './instance.ts'
import type { Offer } from './registry.ts'
import type { Slot } from './slot.ts'

/** What a slot needs of its host. */
export interface SlotComponents extends FittingComponents {
  readonly logger: Logger
  readonly config: HostConfig
  /** Makes one instance's context; `line` leads back to the slot. */
  context(
    slot: Slot,
    running: RunningInstance,
    line: Pick<RuntimeContext, 'signal' | 'exited' | 'changed'>,
  ): RuntimeContext
  /** Sets or replaces what the plugin offers; `undefined` takes it back. Throws `BP_FUNCTION_COLLISION`. */
  offer(id: string, offer: Offer | undefined): void
  /** Names the events to deliver; replaces what was named before. */
  subscribe(slot: Slot, running: RunningInstance | undefined): void
  /** Names the plugins that need this one. */
  dependents(id: string): readonly string[]
  tell(event: HostEvent): void
}
