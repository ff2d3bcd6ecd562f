import { library } from '../../tools/tsup.ts'

export default library({
  index: 'src/index.ts',
  errors: 'src/contract-errors.ts',
  json: 'src/json/index.ts',
  manifest: 'src/manifest/index.ts',
  memory: 'src/memory/index.ts',
  runtime: 'src/runtime/index.ts',
  subjects: 'src/subjects.ts',
  transport: 'src/transport/index.ts',
})
