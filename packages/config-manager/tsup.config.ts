import { library } from '../../tools/tsup.ts'

export default library({
  index: 'src/index.ts',
  file: 'src/file/index.ts',
  sqlite: 'src/sqlite/index.ts',
  nats: 'src/nats/index.ts',
  schema: 'src/schema/index.ts',
  rest: 'src/rest/index.ts',
})
