import {
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js'
import type { ServedService } from '../broker/broker.ts'
import type { ServingState } from '../wire/messages.ts'
import { healthService, healthServiceName } from '../wire/services.ts'

/** What a plugin reports about itself; hosts ask for the service `plugin`. */
export interface HealthReporter {
  /** Sets a service's state; watchers are told. @param service - `plugin` when left out */
  set(state: ServingState, service?: string): void
  get(service?: string): ServingState | undefined
}

type Answer = { readonly status: ServingState }

/** The standard health service, without the package for it: this one has List too and loads nothing. */
export class Health implements HealthReporter {
  readonly #states = new Map<string, ServingState>([
    ['', 'SERVING'],
    [healthServiceName, 'SERVING'],
  ])
  readonly #watchers = new Map<ServerWritableStream<{ service: string }, Answer>, string>()

  set(state: ServingState, service: string = healthServiceName): void {
    this.#states.set(service, state)
    for (const [watcher, name] of this.#watchers) if (name === service) watcher.write({ status: state })
  }

  get(service: string = healthServiceName): ServingState | undefined {
    return this.#states.get(service)
  }

  /** Ends the watches, so that a server can shut down. */
  close(): void {
    for (const watcher of this.#watchers.keys()) watcher.end()
    this.#watchers.clear()
  }

  served(): ServedService {
    const check = (call: ServerUnaryCall<{ service: string }, Answer>, done: sendUnaryData<Answer>) => {
      const state = this.#states.get(call.request.service)
      if (state === undefined) done({ code: status.NOT_FOUND, details: 'unknown service' })
      else done(null, { status: state })
    }
    const watch = (call: ServerWritableStream<{ service: string }, Answer>) => {
      this.#watchers.set(call, call.request.service)
      call.on('cancelled', () => this.#watchers.delete(call))
      call.write({ status: this.#states.get(call.request.service) ?? 'SERVICE_UNKNOWN' })
    }
    const list = (_call: unknown, done: sendUnaryData<{ statuses: Record<string, ServingState> }>) =>
      done(null, { statuses: Object.fromEntries(this.#states) })
    return { service: healthService, implementation: { check, watch, list } as UntypedServiceImplementation }
  }
}
