/** Something with a process to end. */
interface Killable {
  kill(): Promise<void>
}

/** Keeps track of clients so that they can be ended together. */
export interface ClientRegistry {
  add(client: Killable): void
  delete(client: Killable): void
  /** How many clients it knows. */
  readonly size: number
  /** Ends every client, side by side, and resolves when all processes are gone. */
  cleanupClients(): Promise<void>
}

/**
 * Makes a registry; give it to each `pluginClient`. Not needed for a single client: `await using` ends that one.
 *
 * go-plugin has one list for the whole program (`Managed`); here it is an object, so that two libraries in one program
 * do not end each other's plugins.
 */
export function clientRegistry(): ClientRegistry {
  const clients = new Set<Killable>()
  return {
    add: (client) => void clients.add(client),
    delete: (client) => void clients.delete(client),
    get size() {
      return clients.size
    },
    async cleanupClients() {
      await Promise.all([...clients].map((client) => client.kill()))
      clients.clear()
    },
  }
}
