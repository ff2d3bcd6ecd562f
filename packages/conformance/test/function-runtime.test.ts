import { runtimeCompliance } from '@backplane/conformance'
import { functionRuntime } from '@backplane/core/memory'
import { functionFixtures } from './function-fixtures.ts'

runtimeCompliance({
  name: 'function',
  setup: () => ({ runtime: functionRuntime(), fixtures: functionFixtures, lacks: ['spin'] }),
})
