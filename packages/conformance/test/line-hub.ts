/** What the lines of `line-transport.ts` lead to: it hands messages on, between any number of ports. */
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { contractError } from '@backplane/core/errors'
import { matchSubject } from '@backplane/core/subjects'
import type { RefusalKind } from '@backplane/core/transport'

/** Who asks: a port of the hub, and the request's id there. */
export type Caller = readonly [port: number, id: string]

export type Outcome =
  | readonly ['answer', payload: Uint8Array]
  | readonly ['refuse', kind: RefusalKind, reason: string]
  | readonly ['unserved']

export type ToHub =
  | { readonly op: 'hello'; readonly token: string }
  | { readonly op: 'ping' }
  | { readonly op: 'send'; readonly subject: string; readonly payload: Uint8Array; readonly id?: string }
  | ({ readonly op: 'declare' } & Declared)
  | { readonly op: 'end'; readonly sid: number }
  | { readonly op: 'reply'; readonly caller: Caller; readonly outcome: Outcome }

export type FromHub =
  | { readonly op: 'welcome' }
  | { readonly op: 'denied' }
  | { readonly op: 'pong' }
  | {
      readonly op: 'message'
      readonly sid: number
      readonly subject: string
      readonly payload: Uint8Array
      readonly caller: Caller | undefined
    }
  | { readonly op: 'outcome'; readonly id: string; readonly outcome: Outcome }

interface Declared {
  readonly sid: number
  readonly pattern: string
  readonly queue: string | undefined
  readonly answers: boolean
}

interface Member {
  readonly port: MessagePort
  readonly declared: Map<number, Declared>
}

export class Hub {
  readonly #token: string
  readonly #members = new Map<number, Member>()
  #open = true
  #count = 0
  #turn = 0

  constructor(token: string) {
    this.#token = token
  }

  dial(): MessagePort {
    const details = { address: 'line:hub', reason: 'nobody is there' }
    if (!this.#open) throw contractError('BP_CONNECT_FAILED', { details })
    const { port1: port, port2 } = new MessageChannel()
    const number = this.#count++
    port.on('message', (frame: ToHub) => this.#heard(number, port, frame))
    port.on('close', () => this.#members.delete(number))
    return port2
  }

  cut(): void {
    this.#open = false
    for (const { port } of this.#members.values()) port.close()
    this.#members.clear()
  }

  mend(): void {
    this.#open = true
  }

  #heard(number: number, port: MessagePort, frame: ToHub): void {
    const say = (said: FromHub) => port.postMessage(said)
    if (frame.op === 'hello') {
      const welcome = frame.token === this.#token && this.#open
      if (welcome) this.#members.set(number, { port, declared: new Map() })
      say({ op: welcome ? 'welcome' : 'denied' })
      return
    }
    const member = this.#members.get(number)
    if (!member) return
    if (frame.op === 'ping') say({ op: 'pong' })
    else if (frame.op === 'declare') member.declared.set(frame.sid, frame)
    else if (frame.op === 'end') member.declared.delete(frame.sid)
    else if (frame.op === 'reply') this.#reply(frame.caller, frame.outcome)
    else this.#route(frame, frame.id === undefined ? undefined : [number, frame.id])
  }

  #reply([number, id]: Caller, outcome: Outcome): void {
    this.#members.get(number)?.port.postMessage({ op: 'outcome', id, outcome } satisfies FromHub)
  }

  #route({ subject, payload }: Extract<ToHub, { op: 'send' }>, caller: Caller | undefined): void {
    const groups = new Map<string | symbol, [MessagePort, Declared][]>()
    for (const { port, declared } of this.#members.values())
      for (const one of declared.values()) {
        if ((caller && !one.answers) || !matchSubject(one.pattern, subject)) continue
        const group = one.queue ?? Symbol('alone')
        groups.set(group, [...(groups.get(group) ?? []), [port, one]])
      }
    if (groups.size === 0 && caller) this.#reply(caller, ['unserved'])
    for (const group of groups.values()) {
      const [port, { sid }] = group[this.#turn++ % group.length]!
      port.postMessage({ op: 'message', sid, subject, payload, caller } satisfies FromHub)
    }
  }
}
