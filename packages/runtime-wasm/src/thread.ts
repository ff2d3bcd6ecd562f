import { parentPort, workerData } from 'node:worker_threads'
import { runTask } from './worker/compile-task.ts'
import { runThread } from './worker/thread.ts'

// A thread runs one plugin, or compiles one.
if ('compile' in workerData) void runTask(workerData).then((result) => parentPort?.postMessage(result))
else runThread(workerData)
