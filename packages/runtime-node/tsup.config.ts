import { library } from '../../tools/tsup.ts'

// `worker` is what runs inside each plugin's thread; `index` finds it beside itself.
export default library({ index: 'src/index.ts', worker: 'src/worker.ts' })
