/** What each plugin's thread starts with; `worker/plugin-worker.ts` names it. Not an entry point for users. */
import { type MessagePort, workerData } from 'node:worker_threads'
import type { ThreadData } from './worker/protocol.ts'
import { PluginThread } from './worker/thread.ts'

const { port, data } = workerData as { port: MessagePort; data: ThreadData }
// The channel is not the plugin's: it sees `workerData` too.
for (const key of Object.keys(workerData)) delete workerData[key]
void new PluginThread(port, data).run()
