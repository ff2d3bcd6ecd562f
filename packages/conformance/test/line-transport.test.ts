import { transportCompliance } from '@backplane/conformance'
import { Hub } from './line-hub.ts'
import { lineTransport } from './line-transport.ts'

transportCompliance({
  name: 'the example of docs/authoring-transport.md',
  setup() {
    const hub = new Hub('secret')
    const dial = () => hub.dial()
    return {
      hub,
      transport: lineTransport({ dial, token: 'secret' }),
      unauthorized: lineTransport({ dial, token: 'guessed' }),
      interrupt: () => hub.cut(),
      restore: () => hub.mend(),
    }
  },
  teardown: ({ hub }) => hub.cut(),
})
