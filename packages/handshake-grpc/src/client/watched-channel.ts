import { type Channel, Metadata, status } from '@grpc/grpc-js'
import { observe, type PluginHooks } from './hooks.ts'
import type { TokenBucket } from './rate-limit.ts'

type Call = ReturnType<Channel['createCall']>
type Listener = Parameters<Call['start']>[1]
type Status = Parameters<Listener['onReceiveStatus']>[0]

/** What a watched channel adds to a plain one. */
export interface WatchInit {
  readonly hooks?: PluginHooks
  readonly bucket?: TokenBucket
  /** Given the status of a call that could not reach the plugin; says what to report instead, once that is known. */
  readonly explain: (status: Status) => Promise<Status>
}

/**
 * Wraps a channel so that every call through it is seen, whichever stub makes it. Below the stub and not an interceptor:
 * an interceptor costs each call a layer of its own.
 */
export function watchedChannel(channel: Channel, init: WatchInit): Channel {
  const createCall: Channel['createCall'] = (method, ...rest) => {
    const call = channel.createCall(method, ...rest)
    const start = call.start
    // Patched in place rather than wrapped, since grpc-js asks a call for methods that its types do not name.
    call.start = (metadata, listener) => {
      if (init.bucket && !init.bucket.take()) return refuse(call, listener, init.bucket)
      start.call(call, metadata, watch(method, metadata, listener, init))
    }
    return call
  }
  return new Proxy(channel, {
    get(target, key) {
      if (key === 'createCall') return createCall
      const value = Reflect.get(target, key, target) as unknown
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

function watch(method: string, metadata: Metadata, listener: Listener, init: WatchInit): Listener {
  const began = init.hooks?.call ? performance.now() : 0
  const ended = init.hooks?.call && observe(() => init.hooks?.call?.({ method, metadata }))
  const finish = (result: Status) => {
    if (ended) {
      const outcome = { code: result.code, details: result.details, durationMs: performance.now() - began }
      observe(() => ended(outcome))
    }
    listener.onReceiveStatus(result)
  }
  return {
    onReceiveMetadata: (received) => listener.onReceiveMetadata(received),
    onReceiveMessage: (message) => listener.onReceiveMessage(message),
    onReceiveStatus: (result) => {
      if (result.code === status.UNAVAILABLE) void init.explain(result).then(finish)
      else finish(result)
    },
  }
}

function refuse(call: Call, listener: Listener, bucket: TokenBucket): void {
  const nothing = () => {}
  Object.assign(call, {
    sendMessageWithContext: nothing,
    startRead: nothing,
    halfClose: nothing,
    cancelWithStatus: nothing,
  })
  const details = `More than ${bucket.perSecond} calls per second were made to the plugin.`
  queueMicrotask(() => listener.onReceiveStatus({ code: status.RESOURCE_EXHAUSTED, details, metadata: new Metadata() }))
}
