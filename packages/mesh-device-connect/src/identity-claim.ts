import { BackplaneError } from '@backplane/core'
import { contractError } from '@backplane/core/errors'
import { hex } from './ids.ts'
import { encodeBytes } from './json.ts'
import type { Link } from './link.ts'
import { writeRequest } from './rpc.ts'

/**
 * Makes sure that nobody else uses this host's id, before it serves: rejects with `BP_IDENTITY_TAKEN` if somebody does.
 *
 * It asks on its own `cmd` subject, which every Device Connect device answers, and for presence, which a device gives
 * even while its one call at a time keeps it busy. Only an answer counts. Nobody answers for a host that has crashed,
 * even where a broker still holds its dead connection's subscription, so it may come back at once.
 */
export async function claimIdentity(
  link: Link,
  options: { readonly heardRival: () => boolean; readonly timeoutMs: number; readonly signal?: AbortSignal },
): Promise<void> {
  const { transport, subjects, identity, clock } = link
  const { heardRival, timeoutMs, signal } = options
  await transport.publish(subjects.probe, encodeBytes({ probe: true, ts: clock.now() / 1000 }), { signal })
  const question = writeRequest(`claim-${hex(12)}`, 'requestRegistration', {})
  const isTaken = await transport.request(subjects.cmd(identity.deviceId), question, { timeoutMs, signal }).then(
    () => true,
    (error) => {
      if (!(error instanceof BackplaneError)) throw error
      if (error.code === 'BP_NO_RESPONDER') return false
      if (error.code === 'BP_TIMEOUT') return heardRival()
      if (error.code === 'BP_REFUSED') return true
      throw error
    },
  )
  if (isTaken) throw identityTaken(identity.deviceId)
}

/** `BP_IDENTITY_TAKEN` about this host's id. */
export function identityTaken(device: string): BackplaneError {
  return contractError('BP_IDENTITY_TAKEN', { details: { device } })
}
