import { ComponentGuest, type ComponentGuestInit } from '../component/component-guest.ts'
import type { ComponentProgram } from '../component/program.ts'
import { Guest, type GuestInit } from '../extism/guest.ts'
import { VyraGuest } from '../vyra/guest.ts'
import type { VyraMetadata } from '../vyra/metadata.ts'

/** A guest of any convention: bytes in, bytes out. */
export type AnyGuest = Pick<Guest, 'alive' | 'call' | 'callWaiting' | 'drop' | 'prepare' | 'functions' | 'stats'> &
  Partial<Pick<Guest, 'prepareWaiting'>>

/** Makes a guest of the convention that it was loaded for. */
export function makeGuest(
  init: GuestInit & {
    readonly vyra?: { readonly metadata: VyraMetadata; readonly strict: boolean } | undefined
    readonly component?: ComponentProgram | undefined
  },
): AnyGuest {
  if (init.component) return new ComponentGuest(init as ComponentGuestInit)
  return init.vyra ? new VyraGuest({ ...init, ...init.vyra }) : new Guest(init)
}
