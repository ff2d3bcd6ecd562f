import { type Metadata, type ServerUnaryCall, type sendUnaryData, status, type UntypedHandleCall } from '@grpc/grpc-js'
import type { ServedService } from '../broker/broker.ts'
import { observe, type PluginHooks } from '../client/hooks.ts'
import type { TokenBucket } from '../client/rate-limit.ts'

interface StreamCall {
  readonly metadata: Metadata
  once(event: 'finish' | 'cancelled' | 'error', listener: (error?: { code?: number; details?: string }) => void): void
  emit(event: 'error', error: { code: number; details: string }): void
}

/** Wraps a service's handlers so that hooks see each call and a rate limit holds. */
export function observed(
  served: ServedService,
  hooks: PluginHooks | undefined,
  bucket: TokenBucket | undefined,
): ServedService {
  if (!hooks?.call && !bucket) return served
  const implementation: Record<string, UntypedHandleCall> = {}
  for (const [name, method] of Object.entries(served.service)) {
    const handler = served.implementation[name] ?? served.implementation[lowerFirst(name)]
    if (!handler) continue
    const wrapped = method.responseStream
      ? (call: StreamCall) => {
          const refused = refusal(bucket)
          if (refused) return call.emit('error', refused)
          const end = begin(hooks, method.path, call.metadata)
          call.once('finish', () => end({ code: status.OK, details: '' }))
          call.once('cancelled', () => end({ code: status.CANCELLED, details: 'cancelled' }))
          call.once('error', (error) => end({ code: error?.code ?? status.UNKNOWN, details: error?.details ?? '' }))
          return (handler as (call: unknown) => void)(call)
        }
      : (call: ServerUnaryCall<unknown, unknown>, done: sendUnaryData<unknown>) => {
          const refused = refusal(bucket)
          if (refused) return done(refused)
          const end = begin(hooks, method.path, call.metadata)
          return (handler as (call: unknown, done: sendUnaryData<unknown>) => void)(call, (error, ...rest) => {
            end({ code: error ? (error.code ?? status.UNKNOWN) : status.OK, details: error?.details ?? '' })
            done(error, ...rest)
          })
        }
    implementation[name] = wrapped as unknown as UntypedHandleCall
  }
  return { service: served.service, implementation }
}

function refusal(bucket: TokenBucket | undefined): { code: number; details: string } | undefined {
  if (!bucket || bucket.take()) return undefined
  return { code: status.RESOURCE_EXHAUSTED, details: `More than ${bucket.perSecond} calls per second were made.` }
}

function begin(hooks: PluginHooks | undefined, method: string, metadata: Metadata) {
  const began = performance.now()
  let ended = hooks?.call && observe(() => hooks.call?.({ method, metadata }))
  return (outcome: { code: number; details: string }) => {
    const tell = ended
    ended = undefined
    if (tell) observe(() => tell({ ...outcome, durationMs: performance.now() - began }))
  }
}

function lowerFirst(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1)
}
