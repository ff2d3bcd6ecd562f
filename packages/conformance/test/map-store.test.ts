import { configStoreCompliance } from '@backplane/conformance'
import { mapStore, Place } from './map-store.ts'

for (const shared of [false, true])
  configStoreCompliance({
    name: shared ? 'map, shared' : 'map',
    setup() {
      const place = new Place(shared)
      return { store: () => mapStore(place), shared }
    },
  })
