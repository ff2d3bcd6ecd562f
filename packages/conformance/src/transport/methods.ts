import type { Transport } from '@backplane/core'
import { bytes } from './payloads.ts'

/** Every method that needs a connection, called in its plainest way. */
export const methods: readonly {
  readonly name: string
  call(transport: Transport, subject: string, options?: { signal?: AbortSignal }): Promise<unknown>
}[] = [
  { name: 'publish', call: (transport, subject, options) => transport.publish(subject, bytes('x'), options) },
  { name: 'flush', call: (transport, _, options) => transport.flush(options) },
  { name: 'subscribe', call: (transport, subject, options) => transport.subscribe(subject, () => {}, options) },
  { name: 'request', call: (transport, subject, options) => transport.request(subject, bytes('x'), options) },
  { name: 'serve', call: (transport, subject, options) => transport.serve(subject, () => bytes('x'), options) },
]
