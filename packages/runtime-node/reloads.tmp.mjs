import { createHost } from '@backplane/core'
import { nodeRuntime } from '@backplane/runtime-node'
const host = createHost({ identity: { deviceId: 'x' }, runtimes: [nodeRuntime()] })
await host.load({ manifest: { id: 'p1', entry_point: 'plugin.ts' }, dir: '/tmp/rn/p1' })
const settle = async () => { for (let i=0;i<6;i++){ gc(); await new Promise(r=>setTimeout(r,50)) } return process.memoryUsage() }
for (let i=0;i<10;i++) await host.reload('p1')
const b = await settle(); const t=performance.now()
for (let i=1;i<=1000;i++) { await host.reload('p1'); if (i%250===0) { const m=await settle(); console.log(i, 'heap +MiB', ((m.heapUsed-b.heapUsed)/2**20).toFixed(3), 'rss +MiB', ((m.rss-b.rss)/2**20).toFixed(1), 'ext', ((m.external-b.external)/2**20).toFixed(2), ((performance.now()-t)/i).toFixed(1)+' ms each') } }
await host.stop()
