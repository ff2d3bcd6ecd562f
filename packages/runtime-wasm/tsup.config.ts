import { library } from '../../tools/tsup.ts'

// `thread` is what runs inside each worker thread; `index` finds it beside itself.
export default library({ index: 'src/index.ts', thread: 'src/thread.ts' })
