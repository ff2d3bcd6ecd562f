import type { IncomingEvent, Subscription } from '@backplane/core'
import { rationedLogger } from '@backplane/core/transport'
import { type Directory, peerChangeOf } from './directory.ts'
import { removeFields } from './event-fields.ts'
import { isGlob, matchesGlob } from './glob.ts'
import type { Link } from './link.ts'
import { readEvent } from './rpc.ts'
import { checkDevice, invalid, isEventName } from './subjects.ts'

/**
 * Hears events of one device, of those that match a pattern, or of all. Patterns are compared here: a broker's wildcard
 * is one whole token. The names of devices that come and go are no events of theirs, and are heard in the directory.
 */
export async function listenTo(
  { transport, subjects, identity, logger, clock }: Link,
  directory: Directory,
  { device = '*', event = '*' }: { readonly device?: string; readonly event?: string },
  listener: (event: IncomingEvent) => void | Promise<void>,
): Promise<Subscription> {
  const rationed = rationedLogger(logger, linesPerSecond, clock)
  const hear = async (heard: IncomingEvent) => {
    if (!matchesGlob(device, heard.device)) return
    try {
      await listener(heard)
    } catch (error) {
      rationed.error({ error, device: heard.device, event: heard.event }, 'a listener of events failed')
    }
  }
  const change = peerChangeOf(event)
  if (change) {
    return directory.watch(change, (peer, payload) => {
      if (peer !== identity.deviceId) void hear({ device: peer, event, payload })
    })
  }
  if (event !== '*' && !isEventName(event)) throw invalid(`The event name '${event}'`, 'it is one event, or `*`')
  if (!isGlob(device)) checkDevice(device)
  const pattern = subjects.event(isGlob(device) ? '*' : device, event)
  return transport.subscribe(pattern, async ({ subject, payload: body }) => {
    const source = subjects.eventOf(subject)
    const params = readEvent(body)
    if (!source || !params) return
    const deviceType = kindOf(directory, source.device)
    const payload = removeFields(params, source.device)
    await hear({ ...source, ...(deviceType === undefined ? {} : { deviceType }), payload })
  })
}

/** Log lines a second about a listener that fails: anyone who sends events runs it. */
const linesPerSecond = 5

/** Longer than this no kind is a kind: it goes with every event of its device, to every plugin that listens. */
const longestKind = 256

function kindOf(directory: Directory, device: string): string | undefined {
  const kind = directory.typeOf(device)
  return kind !== undefined && kind.length <= longestKind ? kind : undefined
}
