/** The example of `docs/authoring-transport.md`: a whole transport over message ports, which passes the suite. */
import type { MessagePort } from 'node:worker_threads'
import type { Transport, TransportComponents } from '@backplane/core'
import { contractError } from '@backplane/core/errors'
import {
  type Connector,
  comeBack,
  type Interest,
  LinkedTransport,
  type Medium,
  type MediumComponents,
  type PendingRequests,
  untilAborted,
} from '@backplane/core/transport'
import type { Caller, FromHub, ToHub } from './line-hub.ts'

/** What a line needs to know. */
export interface LineTransportInit {
  /** Gives a port of the hub; throws where there is none. */
  dial(): MessagePort
  readonly token: string
}

export function lineTransport(init: LineTransportInit): (components: TransportComponents) => Transport {
  return (components) => new LinkedTransport<Line, Caller>(components, (given) => lineMedium(init, given))
}

const address = 'line:hub'
const delays = { reconnectMinMs: 5, reconnectMaxMs: 50, reconnectJitter: 0.5 }

/** One connection: a port, and what waits on it. */
class Line {
  readonly interests = new Map<number, Interest<Caller>>()
  /** Resolves when the hub has let it in. */
  readonly welcomed: Promise<void>
  readonly #port: MessagePort
  readonly #gone = Promise.withResolvers<never>()
  readonly #round: (() => void)[] = []

  constructor(port: MessagePort, token: string, requests: PendingRequests, lost: (line: Line) => void) {
    this.#port = port
    this.#gone.promise.catch(() => {})
    const welcome = Promise.withResolvers<void>()
    this.welcomed = Promise.race([welcome.promise, this.#gone.promise])
    port.on('message', (frame: FromHub) => {
      if (frame.op === 'welcome') welcome.resolve()
      else if (frame.op === 'denied')
        welcome.reject(contractError('BP_AUTH_FAILED', { details: { address, reason: 'the token is another' } }))
      else if (frame.op === 'pong') this.#round.shift()?.()
      else if (frame.op === 'message') this.#take(frame)
      else this.#tell(requests, frame)
    })
    port.on('close', () => {
      this.#gone.reject(contractError('BP_CONNECT_FAILED', { details: { address, reason: 'the line was cut' } }))
      lost(this)
    })
    this.say({ op: 'hello', token })
  }

  say(frame: ToHub): void {
    this.#port.postMessage(frame)
  }

  roundTrip(): Promise<void> {
    this.say({ op: 'ping' })
    return Promise.race([new Promise<void>((resolve) => this.#round.push(resolve)), this.#gone.promise])
  }

  close(): void {
    this.#port.close()
  }

  #take({ sid, subject, payload, caller }: Extract<FromHub, { op: 'message' }>): void {
    const interest = this.interests.get(sid)
    if (interest) interest.take(subject, payload, caller)
    else if (caller) this.say({ op: 'reply', caller, outcome: ['unserved'] })
  }

  #tell(requests: PendingRequests, { id, outcome }: Extract<FromHub, { op: 'outcome' }>): void {
    const request = requests.get(id)
    if (outcome[0] === 'answer') request?.answer(outcome[1])
    else if (outcome[0] === 'refuse') request?.refuse(outcome[1], outcome[2])
    else request?.unserved()
  }
}

function lineConnector(init: LineTransportInit, { requests, clock, logger }: MediumComponents<Line>): Connector<Line> {
  let comingBack: Promise<void> | undefined
  const connector: Connector<Line> = {
    name: 'Line',
    address,
    async open(link, _timeoutMs, signal) {
      const line = new Line(init.dial(), init.token, requests, (gone) => {
        if (link.status !== 'connected' || link.current !== gone) return
        link.lost('the line was cut')
        comingBack = comeBack(link, { ...delays, clock, logger, open: (until) => connector.open(link, 1000, until) })
      })
      try {
        await untilAborted(line.welcomed, signal)
        await untilAborted(link.attach(line), signal)
      } catch (thrown) {
        line.close()
        throw thrown
      }
      link.up(line)
    },
    async end(line) {
      await comingBack
      line?.close()
    },
  }
  return connector
}

function lineMedium(init: LineTransportInit, components: MediumComponents<Line>): Medium<Line, Caller> {
  let count = 0
  return {
    kind: 'line',
    maxPayload: 1024 * 1024,
    longestSubject: 4000,
    mostServing: Number.POSITIVE_INFINITY,
    connector: lineConnector(init, components),
    publish: (line, subject, payload) => void line.say({ op: 'send', subject, payload }) as undefined,
    ask: (line, { id, subject }, payload) => line.say({ op: 'send', subject, payload, id }),
    async declare(line, interest) {
      const { pattern, queue, answers } = interest
      const sid = count++
      line.interests.set(sid, interest)
      line.say({ op: 'declare', sid, pattern, queue, answers })
      await line.roundTrip()
      return () => {
        line.interests.delete(sid)
        line.say({ op: 'end', sid })
        return line.roundTrip()
      }
    },
    roundTrip: (line) => line.roundTrip(),
    answer: (line, caller, payload) => line.say({ op: 'reply', caller, outcome: ['answer', payload] }),
    refuse: (line, caller, kind, reason) => line.say({ op: 'reply', caller, outcome: ['refuse', kind, reason] }),
    silent: () => {},
    unserved: (line, caller) => line.say({ op: 'reply', caller, outcome: ['unserved'] }),
  }
}
