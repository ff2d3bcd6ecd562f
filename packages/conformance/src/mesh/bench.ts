import {
  type Advertisement,
  type Device,
  type Identity,
  type IncomingEvent,
  type Mesh,
  type MeshFactory,
  type MeshHandler,
  type Subscription,
  silentLogger,
  type TransportEvent,
} from '@backplane/core'
import { expect } from 'vitest'
import { type Outage, outageOf } from '../outage.ts'
import { type TrackedClock, trackedClock } from '../tracked-clock.ts'
import { pause, until } from '../waiting.ts'

/** What `setup` gives {@link meshCompliance} for one case. */
export interface MeshUnderTest {
  /** Makes meshes on one network; each is given an identity of its own. Called several times in one case. */
  readonly mesh: MeshFactory
  /** Says in the mesh's own language which one device is meant. Absent: nobody checks selectors. */
  readonly selector?: (deviceId: string) => string
  /** Takes the connection of all meshes away, as by stopping the server. Absent: nobody checks reconnecting. */
  readonly interrupt?: () => void | Promise<void>
  /** Gives back what {@link MeshUnderTest.interrupt} took; meshes come back by themselves. */
  readonly restore?: () => void | Promise<void>
  /** How long anything may take before it counts as never, in milliseconds. @default 5000 */
  readonly patienceMs?: number
}

/** A case of the mesh suite. */
export type MeshCase = (bench: MeshBench) => Promise<void>

/** A mesh as a case makes it. */
export interface Making extends Partial<Identity> {
  readonly handler?: MeshHandler
  readonly advertisement?: Advertisement
}

/** What a case works with: meshes that are closed after it, in a tenant that no other case uses. */
export class MeshBench {
  readonly clock: TrackedClock = trackedClock()
  readonly patienceMs: number
  readonly #under: MeshUnderTest
  readonly #skip: (reason: string) => never
  readonly #mark = crypto.randomUUID().slice(0, 8)
  readonly #made: Mesh[] = []

  constructor(under: MeshUnderTest, skip: (reason: string) => never) {
    this.#under = under
    this.#skip = skip
    this.patienceMs = under.patienceMs ?? 5000
  }

  /** The id of a device of this case alone. */
  id(name: string): string {
    return `${name}-${this.#mark}`
  }

  /** A tenant of this case alone. */
  tenant(name = 'main'): string {
    return `t${this.#mark}-${name}`
  }

  /** Makes a mesh for the device of that name, not yet connected. */
  make(name: string, { handler, advertisement, ...identity }: Making = {}): Mesh {
    const mesh = this.#under.mesh({
      identity: { deviceId: this.id(name), tenant: this.tenant(), ...identity },
      clock: this.clock,
      logger: silentLogger,
    })
    this.#made.push(mesh)
    mesh.serve(handler ?? (async ({ params }) => params as Record<string, never>))
    if (advertisement) mesh.advertise(advertisement)
    return mesh
  }

  /** Makes a connected mesh. By default it answers every call with its parameters. */
  async join(name: string, making: Making = {}): Promise<Mesh> {
    const mesh = this.make(name, making)
    await mesh.connect()
    return mesh
  }

  /** Listens, and resolves when events surely arrive. */
  async hear(
    mesh: Mesh,
    filter: { readonly device?: string; readonly event?: string },
    listener?: (event: IncomingEvent) => void | Promise<void>,
  ): Promise<{ readonly events: IncomingEvent[]; readonly subscription: Subscription }> {
    const events: IncomingEvent[] = []
    const subscription = await mesh.on(filter, (event) => {
      events.push(event)
      return listener?.(event)
    })
    // A mesh has no flush; discovering is a round trip behind the subscription on most, and time does the rest.
    await mesh.discover()
    await pause(20)
    return { events, subscription }
  }

  /** Collects what a mesh tells about itself. */
  statuses(mesh: Mesh): TransportEvent[] {
    const events: TransportEvent[] = []
    mesh.onStatus((event) => events.push(event))
    return events
  }

  /** Waits until `seeker` finds the device and it looks as wanted, and gives it. */
  async found(seeker: Mesh, name: string, wanted: (device: Device) => boolean = () => true): Promise<Device> {
    let found: Device | undefined
    await this.eventually(`discovering ${name}`, async () => {
      found = (await seeker.discover()).find(({ deviceId }) => deviceId === this.id(name))
      return found !== undefined && wanted(found)
    })
    return found as Device
  }

  /** Waits until something asked again and again is so. */
  async eventually(what: string, check: () => Promise<boolean>): Promise<void> {
    const end = Date.now() + this.patienceMs
    while (!(await check())) {
      if (Date.now() > end) expect.fail(`${what}: not within ${this.patienceMs} ms`)
      await pause(10)
    }
  }

  /** The way to name one device; skips the case where there is none. */
  selector(): (deviceId: string) => string {
    return this.#under.selector ?? this.#skip('selectors (setup gives no selector)')
  }

  /** The way to take the connection away; skips the case where there is none. */
  outage(): Outage {
    const { interrupt, restore } = this.#under
    if (!interrupt || !restore) return this.#skip('reconnecting (setup gives no interrupt and restore)')
    return outageOf(this.#made, { interrupt, restore })
  }

  /** Closes all, and sees that nothing is left. */
  async end(): Promise<void> {
    await Promise.all(this.#made.map((mesh) => mesh.close()))
    for (const mesh of this.#made) expect(mesh.status, 'status after close').toBe('closed')
    await until(() => this.clock.pending === 0, 'every timer is cancelled after close', 2000)
  }
}
