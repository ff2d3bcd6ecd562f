import { type BackplaneError, coreError, type Device, type Subscription } from '@backplane/core'
import type { Directory, FindOptions } from './directory.ts'
import { deviceConnectError } from './errors.ts'
import type { Link } from './link.ts'
import type { Selector } from './selector-parser.ts'
import type { Settings } from './settings.ts'
import { pause } from './waiting.ts'

/** A device may change what it offers, of which nobody tells: it is looked for so often. */
const lookMs = 500

/** Gives the first device that matches, now or as soon as one comes. Rejects with `BP_TIMEOUT` or `BP_ABORTED`. */
export async function waitFor(
  link: Link,
  directory: Directory,
  wanted: Selector,
  what: string,
  { timeoutMs, signal }: FindOptions,
): Promise<Device> {
  const { clock } = link
  const end = clock.now() + timeoutMs
  let wake: () => void = () => {}
  let hasCome = false
  const watching: Subscription = await directory.watch('online', () => {
    hasCome = true
    wake()
  })
  try {
    for (;;) {
      hasCome = false
      const left = end - clock.now()
      if (left <= 0) throw coreError('BP_TIMEOUT', { details: { what, timeoutMs } })
      for await (const device of directory.find(wanted, { timeoutMs: left, signal })) return device
      if (!hasCome) await pause(clock, Math.max(1, Math.min(lookMs, end - clock.now())), signal, (it) => (wake = it))
    }
  } finally {
    await watching.unsubscribe()
  }
}

/** Waits until a device of each type that this one depends on is there. */
export async function awaitDependencies(
  link: Link,
  directory: Directory,
  { dependsOn, dependsTimeoutMs: timeoutMs }: Settings,
  signal?: AbortSignal,
): Promise<void> {
  for (const type of dependsOn) {
    const wanted: Selector = { device: { keys: [{ key: 'type', values: [type] }] } }
    try {
      await waitFor(link, directory, wanted, type, { timeoutMs, signal })
    } catch (cause) {
      if ((cause as BackplaneError).code !== 'BP_TIMEOUT') throw cause
      throw deviceConnectError('BP_DEVICE_CONNECT_DEPENDENCY_MISSING', { details: { type, timeoutMs }, cause })
    }
  }
}
