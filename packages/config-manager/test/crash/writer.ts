import { fileStore } from '../../src/file/index.ts'

/** Writes batch after batch until it is killed, and says which are durable: `node writer.ts DIR FROM`. */
const [dir = '', from = '0'] = process.argv.slice(2)
const store = fileStore(dir, { compactAboveBytes: 4_096 })
await store.open()
process.stdout.write('open\n')
for (let batch = Number(from) + 1; ; batch++) {
  const pad = 'x'.repeat((batch * 37) % 900)
  await store.write([
    { name: 'left', document: { batch, pad } },
    { name: 'right', document: { batch, pad } },
    { name: `extra-${batch % 7}`, document: batch % 3 === 0 ? null : { batch } },
  ])
  process.stdout.write(`${batch}\n`)
}
