import { workerData } from 'node:worker_threads'
import { runThread } from './worker/thread.ts'

runThread(workerData)
