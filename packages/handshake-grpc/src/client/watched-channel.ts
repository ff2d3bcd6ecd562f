import { messageOf } from '@backplane/core'
import type { GrpcChannel } from '@backplane/grpc-fast'
import { Metadata, status } from '@grpc/grpc-js'
import { observe, type PluginHooks } from './hooks.ts'
import { type TokenBucket, tooManyCalls } from './rate-limit.ts'

type Call = ReturnType<GrpcChannel['createCall']>
type Listener = Parameters<Call['start']>[1]
type Status = Parameters<Listener['onReceiveStatus']>[0]

/** What a watched channel adds to a plain one. */
export interface WatchInit {
  readonly hooks?: PluginHooks
  readonly bucket?: TokenBucket
  /** Given the status of a call that could not reach the plugin; says what to report instead, once that is known. */
  readonly explain: (status: Status) => Promise<Status>
}

/** A channel whose calls are seen, and can be ended. */
export interface WatchedChannel {
  readonly channel: GrpcChannel
  /**
   * Fails every call that has no status yet. For a channel that is closed and a peer that is gone: grpc-js may then
   * leave a call that was about to be retried without any.
   */
  fail(details: string): void
}

/**
 * Wraps a channel so that every call through it is seen, whichever stub makes it. Below the stub and not an
 * interceptor: an interceptor costs each call a layer of its own.
 */
export function watchedChannel(channel: GrpcChannel, init: WatchInit): WatchedChannel {
  const open = new Set<(result: Status) => void>()
  const createCall: GrpcChannel['createCall'] = (method, ...rest) => {
    const call = created(() => channel.createCall(method, ...rest))
    const start = call.start
    // Patched in place rather than wrapped, since grpc-js asks a call for methods that its types do not name.
    call.start = (metadata, listener) => {
      const watched = watch(method, metadata, listener, init, open)
      if (init.bucket && !init.bucket.take()) {
        silence(call)
        report(watched, status.RESOURCE_EXHAUSTED, tooManyCalls(init.bucket))
      } else start.call(call, metadata, watched)
    }
    return call
  }
  const proxy = new Proxy(channel, {
    get(target, key) {
      if (key === 'createCall') return createCall
      const value = Reflect.get(target, key, target) as unknown
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  return {
    channel: proxy,
    fail(details) {
      for (const finish of [...open]) finish({ code: status.UNAVAILABLE, details, metadata: new Metadata() })
    },
  }
}

/** Whether a call was cancelled by its own caller; grpc-js says so in words only. */
function isLocalCancel(result: { readonly details: string }): boolean {
  return result.details === 'Cancelled on client'
}

function watch(
  method: string,
  metadata: Metadata,
  listener: Listener,
  init: WatchInit,
  open: Set<(result: Status) => void>,
): Listener {
  const began = init.hooks?.call ? performance.now() : 0
  const ended = init.hooks?.call && observe(() => init.hooks?.call?.({ method, metadata }))
  const finish = (result: Status) => {
    if (!open.delete(finish)) return
    if (ended) {
      const outcome = { code: result.code, details: result.details, durationMs: performance.now() - began }
      observe(() => ended(outcome))
    }
    listener.onReceiveStatus(result)
  }
  open.add(finish)
  return {
    onReceiveMetadata: (received) => listener.onReceiveMetadata(received),
    onReceiveMessage: (message) => listener.onReceiveMessage(message),
    onReceiveStatus: (result) => {
      // A plugin that ends resets its calls, which reads as CANCELLED here.
      const lost = result.code === status.UNAVAILABLE || (result.code === status.CANCELLED && !isLocalCancel(result))
      if (lost) void init.explain(result).then(finish)
      else finish(result)
    },
  }
}

/** A closed channel throws; a stub's user is better served by a call that fails. */
function created(create: () => Call): Call {
  try {
    return create()
  } catch (error) {
    const dead = {
      start: (_metadata: Metadata, listener: Listener) => report(listener, status.UNAVAILABLE, messageOf(error)),
      getPeer: () => 'unknown',
      getCallNumber: () => 0,
      getAuthContext: () => null,
      setCredentials: () => {},
    }
    silence(dead as unknown as Call)
    return dead as unknown as Call
  }
}

function silence(call: Call): void {
  const nothing = () => {}
  Object.assign(call, {
    sendMessageWithContext: nothing,
    startRead: nothing,
    halfClose: nothing,
    cancelWithStatus: nothing,
  })
}

function report(listener: Listener, code: status, details: string): void {
  queueMicrotask(() => listener.onReceiveStatus({ code, details, metadata: new Metadata() }))
}
